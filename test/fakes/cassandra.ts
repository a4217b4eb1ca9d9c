/**
 * Cassandra in memory: tables by their CREATE statements, cells with timestamps of which the highest wins,
 * deletions of rows, lightweight transactions on one row. Held to what the real one does by
 * test/fakes.stack.test.ts.
 *
 * Does not      know more of CQL than this project uses: it throws at what it does not know.
 */
import {types as driver} from 'cassandra-driver'
import type {Cassandra, CqlParams, CqlRow, CqlStatement} from '../../platform/cassandra.ts'
import {PipelineError} from '../../platform/errors.ts'

type Type =
  | 'text'
  | 'int'
  | 'bigint'
  | 'blob'
  | 'boolean'
  | 'double'
  | 'timestamp'
  | 'uuid'
  | 'date'
type Value = string | number | boolean | Buffer | driver.LocalDate | null

interface Table {
  readonly types: ReadonlyMap<string, Type>
  /** Partition key, then clustering columns. */
  readonly partition: readonly string[]
  readonly clustering: readonly string[]
  /** By partition, then by all of the key. */
  readonly partitions: Map<string, Map<string, Row>>
  /** When partitions were deleted whole. */
  readonly deleted: Map<string, bigint>
}

interface Cell {
  readonly ts: bigint
  /** Null: deleted. */
  readonly value: Value
}

interface Row {
  readonly key: ReadonlyMap<string, Value>
  readonly cells: Map<string, Cell>
  /** That it was inserted. */
  markerTs: bigint
  deletedTs: bigint
}

/** Takes the last write to arrive, whatever its timestamp. */
export interface Sabotage {
  readonly ignoreTimestamps?: boolean
  /** Cells that are written as null stay as they are. */
  readonly neverClear?: boolean
  /** Rows are read as if they included nothing. */
  readonly ignoreGuards?: boolean
}

const NONE = -(2n ** 63n)

export class FakeCassandra {
  readonly #tables = new Map<string, Table>()
  readonly #sabotage: Sabotage
  #clock = 0n
  /** Statements are few, and run often. */
  readonly #selects = new Map<string, Select>()
  readonly #places = new Map<string, (params: CqlParams) => string>()
  /** Bytes of a mutation that is not refused. */
  mutationBytesMax = Number.POSITIVE_INFINITY

  constructor(sabotage: Sabotage = {}) {
    this.#sabotage = sabotage
  }

  /** Statements that make tables. */
  create(statements: readonly string[]): void {
    for (const statement of statements) {
      const [name, table] = parseTable(statement)
      if (!this.#tables.has(name)) this.#tables.set(name, table)
    }
  }

  run(query: string, params: CqlParams): readonly CqlRow[] {
    const text = query.replaceAll(/\s+/g, ' ').trim()
    const verb = text.slice(0, text.indexOf(' '))
    switch (verb) {
      case 'SELECT':
        return this.#select(text, params)
      case 'INSERT':
        return this.#insert(text, params)
      case 'UPDATE':
        return this.#update(text, params)
      case 'DELETE':
        return this.#delete(text, params)
      case 'CREATE':
        this.create([text])
        return []
      default:
        throw new Error(`unknown statement: ${text}`)
    }
  }

  /** The keyspace was dropped and made again, under whoever is connected. */
  clear(): void {
    for (const table of this.#tables.values()) {
      table.partitions.clear()
      table.deleted.clear()
    }
  }

  /** Another server with all that this one has now: a backup, or what is made of it. */
  copy(): FakeCassandra {
    const other = new FakeCassandra(this.#sabotage)
    other.#clock = this.#clock
    other.mutationBytesMax = this.mutationBytesMax
    for (const [name, table] of this.#tables) {
      const partitions = new Map(
        Array.from(table.partitions, ([place, rows]) => [
          place,
          new Map(Array.from(rows, ([id, row]) => [id, {...row, cells: new Map(row.cells)}])),
        ]),
      )
      other.#tables.set(name, {...table, partitions, deleted: new Map(table.deleted)})
    }
    return other
  }

  /**
   * What statements write into one partition is one mutation: all of it or nothing.
   *
   * @throws `UPSTREAM_UNAVAILABLE` (retry) when it is too large, as the real one answers (WriteFailure),
   *   however often it is sent
   */
  mutate(statements: readonly CqlStatement[]): void {
    const bytes = statements.reduce((sum, {params}) => sum + bytesOfParams(params), 0)
    if (bytes > this.mutationBytesMax) {
      const message = `a mutation of ${bytes} bytes: ${statements[0]!.query}`
      throw new PipelineError('UPSTREAM_UNAVAILABLE', message, {disposition: 'retry'})
    }
    for (const {query, params} of statements) this.run(query, params)
  }

  /** Statements by the partitions that they write into. */
  mutationsOf(statements: readonly CqlStatement[]): readonly (readonly CqlStatement[])[] {
    return [...Map.groupBy(statements, one => this.#placeOf(one)).values()]
  }

  #placeOf({query, params}: CqlStatement): string {
    let place = this.#places.get(query)
    if (place === undefined) {
      const text = query.replaceAll(/\s+/g, ' ').trim()
      const insert = /^INSERT INTO (\w+) \(([^)]*)\)/.exec(text)
      const [, name, list] =
        insert ?? /^DELETE FROM (\w+) USING TIMESTAMP \? WHERE (.*)$/.exec(text)!
      const columns = list!
        .split(insert === null ? ' AND ' : ',')
        .map(one => one.trim().split(' ')[0]!)
      const first = insert === null ? 1 : 0
      const at = this.#table(name!).partition.map(column => first + columns.indexOf(column))
      place = given => [name!, ...at.map(i => keyTextOf(given[i]))].join('\u0001')
      this.#places.set(query, place)
    }
    return place(params)
  }

  #table(name: string): Table {
    const table = this.#tables.get(name)
    if (table === undefined) throw new Error(`no table ${name}`)
    return table
  }

  #row(table: Table, values: ReadonlyMap<string, Value>): Row {
    const names = [...table.partition, ...table.clustering]
    const key = new Map(names.map(name => [name, values.get(name) ?? null]))
    const place = placeOf(table.partition.map(name => key.get(name)!))
    const rows = table.partitions.get(place) ?? new Map<string, Row>()
    table.partitions.set(place, rows)
    const id = placeOf(table.clustering.map(name => key.get(name)!))
    const known = rows.get(id)
    if (known !== undefined) return known
    const deletedTs = table.deleted.get(place) ?? NONE
    const row = {key, cells: new Map<string, Cell>(), markerTs: NONE, deletedTs}
    rows.set(id, row)
    return row
  }

  #insert(text: string, params: CqlParams): readonly CqlRow[] {
    const [, name, columns, values, rest] =
      /^INSERT INTO (\w+) \(([^)]*)\) VALUES \(([^)]*)\)(.*)$/.exec(text)!
    const table = this.#table(name!)
    const list = columns!.split(',').map(one => one.trim())
    if (values!.split(',').length !== list.length) throw new Error(`values of ${text}`)
    const given = new Map(
      list.map((column, i) => [column, toValue(table.types.get(column), params[i])] as const),
    )
    const isConditional = rest!.includes('IF NOT EXISTS')
    const ts = rest!.includes('USING TIMESTAMP ?')
      ? readTimestamp(params[list.length])
      : (this.#clock += 1n)
    const row = this.#row(table, given as ReadonlyMap<string, Value>)
    if (isConditional && isAlive(row)) return [{'[applied]': false, ...readRow(table, row)}]
    if (this.#wins(row.markerTs, ts)) row.markerTs = ts
    for (const [column, value] of given) {
      if (row.key.has(column) || value === undefined) continue
      if (value === null && this.#sabotage.neverClear === true) continue
      this.#put(row, column, {ts, value})
    }
    return [{'[applied]': true}]
  }

  #update(text: string, params: CqlParams): readonly CqlRow[] {
    const [, name, set, where, condition] =
      /^UPDATE (\w+) SET (.*?) WHERE (.*?)(?: IF (.*))?$/.exec(text)!
    const columns = set!.split(', ').map(part => part.split(' ')[0]!)
    const table = this.#table(name!)
    const keys = where!.split(' AND ').map(part => part.split(' ')[0]!)
    const values = new Map(
      keys.map((column, i) => {
        return [column, toValue(table.types.get(column), params[columns.length + i])!]
      }),
    )
    const row = this.#row(table, values)
    const checks = condition === undefined ? [] : condition.split(' AND ')
    for (const [i, check] of checks.entries()) {
      const [column, operator] = check.split(' ') as [string, string]
      const found = valueOf(row, column)
      const at = columns.length + keys.length + i
      const wanted = toValue(table.types.get(column), params[at])!
      const holds = operator === '=' ? found === wanted : found !== null && found <= wanted
      if (!isAlive(row) || !holds) return [{'[applied]': false, ...readRow(table, row)}]
    }
    const ts = (this.#clock += 1n)
    for (const [i, column] of columns.entries()) {
      this.#put(row, column, {ts, value: toValue(table.types.get(column), params[i])!})
    }
    return [{'[applied]': true}]
  }

  #delete(text: string, params: CqlParams): readonly CqlRow[] {
    const [, name, where] = /^DELETE FROM (\w+) USING TIMESTAMP \? WHERE (.*)$/.exec(text)!
    const table = this.#table(name!)
    const ts = readTimestamp(params[0])
    const columns = where!.split(' AND ').map(part => part.split(' ')[0]!)
    const values = new Map(
      columns.map((column, i) => [column, toValue(table.types.get(column), params[1 + i])!]),
    )
    const place = placeOf(table.partition.map(column => values.get(column)!))
    const isWhole = columns.length === table.partition.length
    if (isWhole) table.deleted.set(place, ts)
    const rows = isWhole
      ? (table.partitions.get(place)?.values() ?? [])
      : [this.#row(table, values)]
    for (const row of rows) {
      if (this.#sabotage.ignoreTimestamps === true) {
        row.cells.clear()
        row.markerTs = NONE
      } else if (ts > row.deletedTs) row.deletedTs = ts
    }
    return []
  }

  #select(text: string, params: CqlParams): readonly CqlRow[] {
    const known = this.#selects.get(text)
    const select = known ?? parseSelect(text)
    if (known === undefined) this.#selects.set(text, select)
    const table = this.#table(select.table)
    const conditions = select.conditions.map(({column, operator}, i) => {
      const type = table.types.get(column)
      const given = params[i]
      const wanted =
        operator === 'IN'
          ? (given as CqlParams).map(one => toValue(type, one)!)
          : [toValue(type, given)!]
      return {column, operator, wanted}
    })
    const place = placeOf(
      table.partition.map(key => {
        const one = conditions.find(({column, operator}) => column === key && operator === '=')
        if (one === undefined) throw new Error(`not a whole partition: ${text}`)
        return one.wanted[0]!
      }),
    )
    const rows = [...(table.partitions.get(place)?.values() ?? [])].filter(
      row =>
        isAlive(row) &&
        conditions.every(({column, operator, wanted}) =>
          meets(row.key.get(column)!, operator, wanted),
        ),
    )
    rows.sort((a, b) => compareRows(table, a, b))
    return rows.map(row =>
      Object.fromEntries(
        select.shown.map(({name, written}) => {
          if (written === null) return [name, row.key.get(name) ?? valueOf(row, name)]
          const cell = row.cells.get(written)
          if (this.#sabotage.ignoreGuards === true) return [name, '-1048576']
          return [name, cell === undefined ? null : String(cell.ts)]
        }),
      ),
    )
  }

  #wins(before: bigint, ts: bigint): boolean {
    return ts >= before || this.#sabotage.ignoreTimestamps === true
  }

  #put(row: Row, column: string, cell: Cell): void {
    const before = row.cells.get(column)
    if (before !== undefined && this.#sabotage.ignoreTimestamps !== true) {
      if (before.ts > cell.ts) return
      // At one timestamp a deletion wins, else the greater value.
      if (before.ts === cell.ts && !isGreater(cell.value, before.value)) return
    }
    row.cells.set(column, cell)
  }
}

interface Select {
  readonly table: string
  /** `written`: the column whose write time it is. */
  readonly shown: readonly {readonly name: string; readonly written: string | null}[]
  readonly conditions: readonly {readonly column: string; readonly operator: string}[]
}

function parseSelect(text: string): Select {
  const [, columns, table, where] = /^SELECT (.*?) FROM (\w+)(?: WHERE (.*))?$/.exec(text)!
  const shown = columns!.split(',').map(one => {
    const written = /^writetime\((\w+)\) AS (\w+)$/.exec(one.trim())
    return written === null
      ? {name: one.trim(), written: null}
      : {name: written[2]!, written: written[1]!}
  })
  const conditions = (where?.split(' AND ') ?? []).map(part => {
    const [, column, operator] = /^(\w+) (=|>=|<=|<|>|IN) \?$/.exec(part)!
    return {column: column!, operator: operator!}
  })
  return {table: table!, shown, conditions}
}

const keyTextOf = (param: unknown): string =>
  Buffer.isBuffer(param) ? param.toString('hex') : String(param)

/** Of what we encode; texts are as long as the source makes them. */
const bytesOfParams = (params: CqlParams): number =>
  params.reduce<number>((sum, param) => sum + (Buffer.isBuffer(param) ? param.length : 0), 0)

const placeOf = (values: readonly Value[]): string => values.map(String).join('\u0001')

const bytesOf = (value: Value): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(String(value))

function isGreater(a: Value, b: Value): boolean {
  if (a === null || b === null) return a === null
  return Buffer.compare(bytesOf(a), bytesOf(b)) > 0
}

const isCellAlive = (row: Row, cell: Cell): boolean =>
  cell.value !== null && cell.ts > row.deletedTs

function isAlive(row: Row): boolean {
  if (row.markerTs > row.deletedTs) return true
  return [...row.cells.values()].some(cell => isCellAlive(row, cell))
}

function valueOf(row: Row, column: string): Value {
  const cell = row.cells.get(column)
  return cell !== undefined && isCellAlive(row, cell) ? cell.value : null
}

const readRow = (table: Table, row: Row): CqlRow =>
  Object.fromEntries(
    [...table.types.keys()].map(column => [column, row.key.get(column) ?? valueOf(row, column)]),
  )

function meets(value: Value, operator: string, wanted: readonly Value[]): boolean {
  const [first] = wanted as readonly [Exclude<Value, null>]
  switch (operator) {
    case '=':
      return value === first
    case 'IN':
      return wanted.includes(value)
    case '>=':
      return value !== null && value >= first
    case '<=':
      return value !== null && value <= first
    default:
      throw new Error(`unknown operator ${operator}`)
  }
}

function compareRows(table: Table, a: Row, b: Row): number {
  for (const column of table.clustering) {
    const [x, y] = [a.key.get(column)!, b.key.get(column)!]
    const order =
      typeof x === 'number' && typeof y === 'number'
        ? x - y
        : Buffer.compare(bytesOf(x), bytesOf(y))
    if (order !== 0) return order
  }
  return 0
}

function readTimestamp(param: unknown): bigint {
  if (Buffer.isBuffer(param)) return param.readBigInt64BE()
  throw new Error('a timestamp travels as bytes')
}

/** A parameter as it is kept; undefined leaves a cell as it is. */
function toValue(type: Type | undefined, param: unknown): Value | undefined {
  if (param === undefined || param === null) return param
  if (Buffer.isBuffer(param)) {
    switch (type) {
      case 'bigint':
      case 'timestamp':
        return Number(param.readBigInt64BE())
      case 'uuid':
        return param.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
      case 'date':
        return driver.LocalDate.fromBuffer(param)
      case 'blob':
        return Buffer.from(param)
      case 'boolean':
      case 'double':
      case 'int':
      case 'text':
      case undefined:
        throw new Error(`bytes for ${type}`)
      default:
        return type satisfies never
    }
  }
  if (type === undefined) throw new Error('an unknown column')
  return param instanceof Date ? param.getTime() : (param as Value)
}

function parseTable(statement: string): [string, Table] {
  const text = statement.replaceAll(/\s+/g, ' ').trim()
  const [, name, rest] = /^CREATE TABLE IF NOT EXISTS (\w+) \((.*)$/.exec(text)!
  const primary = /PRIMARY KEY \((?:\(([^)]*)\))?([^)]*)\)/.exec(rest!)
  const columns = primary === null ? rest! : rest!.slice(0, primary.index)
  const types = new Map<string, Type>()
  let single = ''
  for (const part of columns.split(/,|\)/)) {
    const [column, type, ...more] = part.trim().split(' ')
    if (type === undefined) continue
    types.set(column!, type as Type)
    if (more.join(' ') === 'PRIMARY KEY') single = column!
    if (type !== undefined && part.includes('PRIMARY KEY')) break
  }
  const list = (names: string | undefined): string[] =>
    (names ?? '')
      .split(',')
      .map(one => one.trim())
      .filter(one => one !== '')
  if (primary === null) {
    return [
      name!,
      {types, partition: [single], clustering: [], partitions: new Map(), deleted: new Map()},
    ]
  }
  const partition = list(primary[1])
  const others = list(primary[2])
  return [
    name!,
    partition.length > 0
      ? {types, partition, clustering: others, partitions: new Map(), deleted: new Map()}
      : {
          types,
          partition: others.slice(0, 1),
          clustering: others.slice(1),
          partitions: new Map(),
          deleted: new Map(),
        },
  ]
}

/**
 * How a call runs: slow, lost, or without an answer.
 *
 * @param share of so many parts that one call is made of
 */
export type Call = <T>(effect: () => T, share?: number) => Promise<T>

const atOnce: Call = async effect => effect()

/** The client that the project knows, over the fake. */
export function connectTo(server: FakeCassandra, call: Call = atOnce): Cassandra {
  const rows = (query: string, params: CqlParams = []): Promise<readonly CqlRow[]> => {
    // Taken before the first wait, as the driver does.
    const taken = [...params]
    return call(() => server.run(query, taken))
  }
  return {
    keyspace: 'model',
    rows,
    rowsSerial: rows,
    transact: rows,
    async page(query, params, {size, from}) {
      const found = await rows(query, params)
      const start = Number(from ?? 0)
      const end = start + Math.min(size, 3)
      return {rows: found.slice(start, end), next: end < found.length ? String(end) : null}
    },
    async *pages(query, params = []) {
      const found = await rows(query, params)
      for (let i = 0; i < found.length; i += 3) yield found.slice(i, i + 3)
    },
    async execute(query, params = []) {
      const taken = [...params]
      await call(() => server.mutate([{query, params: taken}]))
    },
    // Without a log: of several partitions some may be written and others not.
    async batch(statements) {
      const parts = server.mutationsOf(statements)
      await Promise.all(parts.map(one => call(() => server.mutate(one), parts.length)))
    },
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

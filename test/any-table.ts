/** Tables and declarations as nobody chose them: drawn by a seed, so that a failure can be repeated. */
import {isCqlName} from '../contracts/cql-names.ts'
import {quote as quoteName} from '../platform/sql-names.ts'
import {createRandom} from './source-history.ts'

export type Random = ReturnType<typeof createRandom>
export const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!

export interface AnyColumn {
  readonly name: string
  /** In records: the name, unless that cannot be one. */
  readonly field: string
  /** Type in SQL. */
  readonly type: string
  /** Of the table's object: `text()`. */
  readonly made: string
  readonly nullable: boolean
  /** A value as PostgreSQL takes it. */
  readonly draw: (random: Random) => string
}

export interface AnyMeasure {
  readonly name: string
  /** As a declaration says it. */
  readonly made: string
  /** What plain SQL says, by the name it is served as. */
  readonly sql: Readonly<Record<string, string>>
}

export interface AnyRollup {
  readonly by: readonly string[]
  readonly split: readonly string[]
  readonly every: readonly string[]
}

export interface AnyTable {
  readonly seed: number
  readonly stream: string
  /** Quoted, with its schema. */
  readonly table: string
  readonly schema: string
  readonly name: string
  readonly id: AnyColumn
  readonly key: AnyColumn
  readonly time: AnyColumn | null
  readonly columns: readonly AnyColumn[]
  readonly measures: readonly AnyMeasure[]
  readonly rollups: readonly AnyRollup[]
  /** Added by ALTER TABLE while changes go on, then to the declaration. */
  readonly later: AnyColumn
}

const NAMES = [
  'plain',
  'Größe',
  'select',
  'No.',
  'a "b" c',
  'x-y',
  'CamelCase',
  '__proto',
  'émoji 📺',
]
const TEXTS = ['a', 'b', 'c', '', '(none)', 'télé 📺', "o'hara", 'a,b', '%_']

const hexOf = (random: Random, length: number): string =>
  Array.from({length}, () => random(16).toString(16)).join('')
const uuidOf = (random: Random): string =>
  `${hexOf(random, 8)}-${hexOf(random, 4)}-4${hexOf(random, 3)}-8${hexOf(random, 3)}-${hexOf(random, 12)}`

/** Of one that few values are drawn from, so that rows meet. */
const fewOf = (random: Random, many: number): readonly string[] =>
  Array.from({length: many}, () => uuidOf(random))

type Drawn = Pick<AnyColumn, 'type' | 'made' | 'draw'>

/** What rows are grouped by. */
function groupType(random: Random, schema: string, n: number): Drawn {
  const uuids = fewOf(random, 4)
  return pick<Drawn>(random, [
    {type: 'text', made: 'text()', draw: own => pick(own, TEXTS)},
    {type: 'varchar(20)', made: 'varchar()', draw: own => pick(own, TEXTS)},
    {type: 'integer', made: 'integer()', draw: own => String(own(4) - 1)},
    {type: 'smallint', made: 'smallint()', draw: own => String(own(3))},
    {type: 'boolean', made: 'boolean()', draw: own => String(own(2) === 0)},
    {type: 'uuid', made: 'uuid()', draw: own => pick(own, uuids)},
    {
      type: `${quoteName(schema)}.${quoteName(`kind ${n}`)}`,
      made: 'text()',
      draw: own => pick(own, ['new', 'in use', 'gone']),
    },
  ])
}

function numberType(random: Random): Drawn {
  return pick<Drawn>(random, [
    {type: 'integer', made: 'integer()', draw: own => String(own(2001) - 500)},
    {type: 'bigint', made: "bigint({mode: 'number'})", draw: own => String(own(1e9) * 1000)},
    {
      type: 'numeric(14, 3)',
      made: 'numeric({precision: 14, scale: 3})',
      draw: own => (own(4e6) / 1000 - 1000).toFixed(3),
    },
    {
      type: 'numeric(38, 2)',
      made: 'numeric({precision: 38, scale: 2})',
      draw: own => pick(own, ['0.01', '99.99', '12345678901234567890123456789.01', '-3.50']),
    },
    {type: 'double precision', made: 'doublePrecision()', draw: own => String(own(4000) / 4)},
  ])
}

function keyType(random: Random): Drawn {
  const uuids = fewOf(random, 9)
  return pick<Drawn>(random, [
    {type: 'bigint', made: "bigint({mode: 'number'})", draw: own => String(1 + own(9))},
    {type: 'uuid', made: 'uuid()', draw: own => pick(own, uuids)},
    {type: 'text', made: 'text()', draw: own => pick(own, [...TEXTS, 'z'.repeat(80)])},
  ])
}

function idType(random: Random): Drawn {
  return pick<Drawn>(random, [
    {type: 'bigint', made: "bigint({mode: 'number'})", draw: own => String(1 + own(1e12))},
    {type: 'uuid', made: 'uuid()', draw: uuidOf},
    {
      type: 'text',
      made: 'text()',
      draw: own => `${pick(own, ['r', 'R', 'é', 'a/b'])}-${hexOf(own, 12)}`,
    },
  ])
}

/** Days and hours of which several have events, and edges of them. */
function drawTime(random: Random): string {
  const at = Date.UTC(2026, 2, 27 + random(9), random(24), random(3) * 20, random(60))
  return new Date(at + pick(random, [0, 0, 1, 999])).toISOString()
}

const isWhole = ({type}: AnyColumn): boolean => /^(integer|bigint|smallint)$/.test(type)
const isDouble = ({type}: AnyColumn): boolean => type === 'double precision'

/** Of all rows, and of a number, a text, and who it concerns. */
function measuresOf(
  random: Random,
  {
    groups,
    numbers,
    key,
    id,
    time,
  }: {
    readonly groups: readonly AnyColumn[]
    readonly numbers: readonly AnyColumn[]
    readonly key: AnyColumn
    readonly id: AnyColumn
    readonly time: AnyColumn | null
  },
): readonly AnyMeasure[] {
  const group = groups[0]!
  const isText = group.made === 'text()' || group.made === 'varchar()'
  const accepted = isText ? [group.draw(random), 'new'] : null
  const where = accepted === null ? '' : `{where: {${group.field}: ${JSON.stringify(accepted)}}}`
  const filter =
    accepted === null
      ? ''
      : ` FILTER (WHERE ${quoteName(group.name)}::text IN (${accepted.map(text => `'${text.replaceAll("'", "''")}'`).join(', ')}))`
  const at = time === null ? null : quoteName(time.name)
  return [
    {name: 'all_rows', made: 'count()', sql: {all_rows: 'count(*)'}},
    {name: 'some_rows', made: `count(${where})`, sql: {some_rows: `count(*)${filter}`}},
    {
      name: 'share',
      made: "ratio('some_rows', 'all_rows')",
      sql: {share: `(count(*)${filter})::float8 / nullif(count(*), 0)`},
    },
    {
      name: 'who',
      made: `uniques('${key.field}')`,
      sql: {who: `count(DISTINCT ${quoteName(key.name)}::text)`},
    },
    ...numbers.flatMap((column, i): AnyMeasure[] => {
      const name = quoteName(column.name)
      const scale = isDouble(column) ? ', {scale: 2}' : ''
      const of = `'${column.field}'${scale}`
      return [
        {name: `sum_${i}`, made: `sum(${of})`, sql: {[`sum_${i}`]: `coalesce(sum(${name}), 0)`}},
        {name: `avg_${i}`, made: `average(${of})`, sql: {[`avg_${i}`]: `avg(${name})`}},
        ...(random(2) === 0 && isWhole(column)
          ? [
              {
                name: `dev_${i}`,
                made: `deviation(${of})`,
                sql: {[`dev_${i}`]: `stddev_samp(${name})`},
              },
              {
                name: `q_${i}`,
                made: `quantiles(${of})`,
                sql: Object.fromEntries(
                  [50, 75, 90, 95, 99].map(percent => [
                    `q_${i}_p${percent}`,
                    `percentile_disc(${percent / 100}) WITHIN GROUP (ORDER BY ${name})`,
                  ]),
                ),
              },
            ]
          : []),
        ...(random(2) === 0
          ? [
              {name: `low_${i}`, made: `min(${of})`, sql: {[`low_${i}`]: `min(${name})`}},
              {name: `high_${i}`, made: `max(${of})`, sql: {[`high_${i}`]: `max(${name})`}},
            ]
          : []),
      ]
    }),
    ...(at === null
      ? []
      : [
          {
            name: 'newest',
            made: `latest('${group.field}')`,
            sql: {
              newest: `(array_agg(${quoteName(group.name)}::text ORDER BY ${at} DESC, ${
                isWhole(id) ? quoteName(id.name) : `${quoteName(id.name)}::text COLLATE "C"`
              } DESC) FILTER (WHERE ${quoteName(group.name)} IS NOT NULL AND ${at} IS NOT NULL))[1]`,
            },
          },
        ]),
  ]
}

/** @param seed names the table, too */
export function drawTable(seed: number): AnyTable {
  const random = createRandom(seed)
  const schema = pick(random, ['public', 'public', 'Shop', 'any "where"'])
  const names = [...NAMES].map(name => ({name, at: random(1e9)})).toSorted((a, b) => a.at - b.at)
  let next = 0
  const column = (drawn: Drawn, nullable: boolean): AnyColumn => {
    const {name} = names[next++]!
    const isPlain = isCqlName(name)
    return {...drawn, name, field: isPlain ? name : `c_${next}`, nullable}
  }
  const id = column(idType(random), false)
  const key = column(keyType(random), random(3) === 0)
  const instant: Drawn = {
    type: 'timestamptz',
    made: "timestamp({withTimezone: true, mode: 'string'})",
    draw: drawTime,
  }
  const time = random(6) === 0 ? null : column(instant, random(3) === 0)
  const groups = [0, 1].map(n => column(groupType(random, schema, seed * 10 + n), random(2) === 0))
  const numbers = [0, 1].map(() => column(numberType(random), random(2) === 0))
  const later = column({type: 'text', made: 'text()', draw: own => pick(own, TEXTS)}, true)
  const [first, second] = groups.map(({field}) => field) as [string, string]
  const name = pick(random, ['rows', 'Rows', 'the "rows"', 'order']) + String(seed)
  return {
    seed,
    stream: `any_${seed}`,
    schema,
    name,
    table: `${quoteName(schema)}.${quoteName(name)}`,
    id,
    key,
    time,
    columns: [id, key, ...(time === null ? [] : [time]), ...groups, ...numbers],
    measures: measuresOf(random, {groups, numbers, key, id, time}),
    rollups: [
      {
        by: [key.field],
        split: pick(random, [[first], [first, second], []]),
        every: ['hour', 'day', 'total'],
      },
      pick<AnyRollup>(random, [
        {by: [second], split: [first], every: ['day', 'total']},
        {by: [first, second], split: [], every: ['hour', 'day', 'total']},
        {by: [second], split: [], every: ['total']},
      ]),
      {
        by: [],
        split: pick(random, [[first], [first, second]]),
        every: ['minute', 'hour', 'day', 'total'],
      },
    ],
    later,
  }
}

const columnSql = ({name, type, nullable}: AnyColumn): string =>
  `${quoteName(name)} ${type}${nullable ? '' : ' NOT NULL'}`

/** What makes the table, with its schema and types. */
export function tableSql({schema, table, id, columns}: AnyTable): string {
  const kinds = columns.filter(({type}) => type.includes('"kind '))
  return [
    `CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)};`,
    ...kinds.map(({type}) => `CREATE TYPE ${type} AS ENUM ('new', 'in use', 'gone');`),
    `CREATE TABLE ${table} (${columns.map(columnSql).join(', ')}, PRIMARY KEY (${quoteName(id.name)}));`,
  ].join('\n')
}

export const addLaterSql = ({table, later}: AnyTable): string =>
  `ALTER TABLE ${table} ADD COLUMN ${columnSql(later)}`

/** The file of `streams/`. */
export function declarationOf(any: AnyTable, {withLater = false} = {}): string {
  const {schema, name, stream, id, key, time, measures, rollups, later} = any
  const columns = withLater ? [...any.columns, later] : any.columns
  const text = (value: unknown): string => JSON.stringify(value)
  const maker = schema === 'public' ? 'pgTable(' : `pgSchema(${text(schema)}).table(`
  const typeOf = (column: AnyColumn): string =>
    column.made + (column === id ? '.primaryKey()' : column.nullable ? '' : '.notNull()')
  return `import {${schema === 'public' ? 'pgTable' : 'pgSchema'}} from 'drizzle-orm/pg-core'
import {average, count, deviation, latest, max, min, quantiles, ratio, sum, uniques} from '../contracts/measures.ts'
import {stream} from '../contracts/stream.ts'

const table = ${maker}${text(name)}, t => ({
${columns.map(column => `  ${text(column.name)}: t.${typeOf(column)},`).join('\n')}
}))

export const declared = stream({
  name: ${text(stream)},
  table,
  topic: ${text(stream)},
  key: ${text(key.name)},
${time === null ? '' : `  time: ${text(time.name)},\n`}  fields: {${columns.map(column => `${text(column.name)}: ${text(column.field)}`).join(', ')}},
  measures: {
${measures.map(({name: measure, made}) => `    ${measure}: ${made},`).join('\n')}
  },
  rollups: ${text(rollups.map(({by, split, every}) => ({...(by.length === 0 ? {} : {by}), split, every})))},
})
`
}

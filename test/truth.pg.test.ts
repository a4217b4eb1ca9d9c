/** The oracle in SQL against arithmetic that is done here, row by row. */
import * as fc from 'fast-check'
import {
  boolean,
  char,
  date,
  doublePrecision,
  json,
  numeric,
  pgSchema,
  real,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'
import {expect, test} from 'vitest'
import {count, latest, max, PRESENT, sum, uniques} from '../contracts/measures.ts'
import {stream, type Level, type Stream} from '../contracts/stream.ts'
import {rollupSql, type RollupQuestion} from '../db/truth/sql.ts'
import {
  truthOfActive,
  truthOfEvents,
  truthOfRollup,
  truthOfTop,
  type TruthRow,
  type TruthValue,
} from '../db/truth/truth.ts'
import type {Client} from '../platform/postgres.ts'
import {ORDER_TABLES, orders} from './order-stream.ts'
import {sales, salesTable} from './streams/sales.ts'
import {
  createSql,
  insert,
  keyOf,
  maybe,
  NOW_S,
  open,
  recentTime,
  SECONDS,
  SEED,
  someTime,
  splitOf,
  timeText,
} from './truth-world.ts'

interface Sale {
  readonly id: string
  readonly shop: string | null
  readonly product: string | null
  readonly status: string | null
  readonly buyer: number | null
  /** Hundredths. */
  readonly total: bigint | null
  readonly weight: number | null
  readonly units: string | null
  readonly sold: number | null | 'infinity' | '2255-06-05 23:47:34.740991+00'
}

const sale: fc.Arbitrary<Sale> = fc.record({
  id: fc.uuid(),
  shop: maybe(
    fc.constantFrom('a', 'b', '', '(none)', 's'.repeat(512), 's'.repeat(513), '🛒'.repeat(257)),
  ),
  product: maybe(
    fc.constantFrom(
      'sofa',
      'bed',
      'lamp',
      '(other)',
      'é'.repeat(64),
      'p'.repeat(65),
      '🛏'.repeat(33),
    ),
  ),
  status: maybe(fc.constantFrom('paid', 'sent', 'returned', 'Sent')),
  buyer: maybe(fc.integer({min: -3, max: 9})),
  total: maybe(
    fc.oneof(
      fc.bigInt({min: -500n, max: 500n}),
      fc.bigInt({min: -(10n ** 30n) + 1n, max: 10n ** 30n - 1n}),
    ),
  ),
  weight: maybe(
    fc.oneof(
      fc.integer({min: -5000, max: 5000}).map(n => (n + 0.5) / 1000),
      fc.double(),
      fc.constantFrom(
        -0,
        0.0005,
        -0.0005,
        (0.5 - Number.EPSILON / 4) / 1000,
        Number.MAX_SAFE_INTEGER / 1000,
        2 ** 53 / 1000,
        1e308,
        -1e308,
        5e-324,
        NaN,
        Infinity,
      ),
    ),
  ),
  units: maybe(
    fc.oneof(
      {weight: 9, arbitrary: fc.integer().map(String)},
      fc.constantFrom(
        '9007199254740990',
        '-4503599627370496',
        '9007199254740991',
        '-4503599627370497',
        '9223372036854775807',
      ),
    ),
  ),
  sold: maybe(
    fc.oneof(
      {weight: 9, arbitrary: someTime},
      {weight: 9, arbitrary: recentTime},
      fc.constantFrom('infinity' as const, '2255-06-05 23:47:34.740991+00' as const),
    ),
  ),
})

function toDecimal(hundredths: bigint | null): string | null {
  if (hundredths === null) return null
  const digits = String(hundredths < 0n ? -hundredths : hundredths).padStart(3, '0')
  return `${hundredths < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

const toSourceRow = ({sold, total, weight, ...row}: Sale): object => ({
  ...row,
  total: toDecimal(total),
  weight: weight === null || Number.isFinite(weight) ? weight : String(weight),
  sold_at: typeof sold === 'string' ? sold : timeText(sold),
})

/** What a record can carry, without those that the relay refuses. */
function toRecords(rows: readonly Sale[]): readonly SaleRecord[] {
  return rows.flatMap(({units, sold, ...row}) => {
    const whole = units === null ? null : Number(units)
    const fits = whole === null || (whole <= 2 ** 53 - 2 && whole >= -(2 ** 52))
    return fits && typeof sold !== 'string' ? [{...row, units: whole, sold}] : []
  })
}
type SaleRecord = Omit<Sale, 'units' | 'sold'> & {
  readonly units: number | null
  readonly sold: number | null
}

const notNull = <T>(values: readonly (T | null)[]): readonly T[] =>
  values.filter(v => v !== null) as T[]
const addUp = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)

function percentile(sorted: readonly bigint[], percent: number): number | null {
  if (sorted.length === 0) return null
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length))
  return Number(sorted[rank - 1]) / 100
}

/** Every figure of the sales declaration, by hand. */
function figuresOfSales(rows: readonly SaleRecord[]): Readonly<Record<string, TruthValue>> {
  const totals = notNull(rows.map(row => row.total)).toSorted((a, b) =>
    a < b ? -1 : a > b ? 1 : 0,
  )
  const weights = notNull(rows.map(row => row.weight))
    .map(weight => Math.round(weight * 1000))
    .filter(grams => Number.isSafeInteger(grams))
  const units = rows
    .filter(({status}) => status === 'paid' || status === 'sent')
    .map(row => row.units)
  const n = BigInt(totals.length)
  const total = addUp(totals)
  const spread =
    Number(addUp(totals.map(value => (n * value - total) ** 2n))) / Number(n * n * (n - 1n))
  const timed = rows.filter(row => row.sold !== null && row.status !== null)
  const [last] = timed.toSorted((a, b) => b.sold! - a.sold! || (a.id < b.id ? 1 : -1))
  const returned = rows.filter(({status}) => status === 'returned').length
  const first = notNull(rows.map(row => row.sold)).toSorted((a, b) => a - b)
  return {
    sales: rows.length,
    priced: totals.length,
    returned,
    big: rows.filter(({product}) => product === 'sofa' || product === 'bed').length,
    revenue: Number(total) / 100,
    units: Number(addUp(notNull(units).map(BigInt))),
    price: n === 0n ? null : Number(total) / 100 / Number(n),
    spread: n < 2n ? null : Math.sqrt(spread) / 100,
    weight: Number(addUp(weights.map(BigInt))) / 1000,
    lightest: weights.length === 0 ? null : weights.reduce((a, b) => Math.min(a, b)) / 1000 + 0,
    dearest: totals.length === 0 ? null : Number(totals.at(-1)) / 100,
    first_at: first[0] ?? null,
    buyers: new Set(notNull(rows.map(row => row.buyer))).size,
    prices_p50: percentile(totals, 50),
    prices_p75: percentile(totals, 75),
    prices_p90: percentile(totals, 90),
    prices_p95: percentile(totals, 95),
    prices_p99: percentile(totals, 99),
    last_status: last?.status ?? null,
    returning: rows.length === 0 ? null : returned / rows.length,
  }
}

const SIZE = {minute: 60, quarter: 900, hour: 3600, day: 86_400} as const
const startOf = (level: Level, us: number | null): number | null =>
  level === 'total' || us === null ? null : Math.floor(us / 1_000_000 / SIZE[level]) * SIZE[level]

const someSales = fc.uniqueArray(sale, {selector: ({id}) => id, maxLength: 60, size: 'max'})

async function fillSales(client: Client, rows: readonly Sale[]): Promise<void> {
  await client.query('TRUNCATE sales')
  await insert(client, 'sales', rows.map(toSourceRow))
}

/** Groups in JavaScript, named as answers are. */
function expectedRows(
  rows: readonly SaleRecord[],
  by: readonly ('shop' | 'product')[],
  {level, from = -Infinity, to = Infinity, key, split = []}: RollupQuestion,
): Map<string, Readonly<Record<string, TruthValue>>> {
  const groups = new Map<string, SaleRecord[]>()
  for (const row of rows) {
    const start = startOf(level, row.sold)
    if (level !== 'total' && (start === null || start < from || start >= to)) continue
    const own = by.map(name => keyOf(row[name]))
    if (key !== undefined && key.some((part, i) => part !== own[i])) continue
    const values = split.map(dimension => splitOf(row[dimension as 'status']))
    const name = nameOf({key: own, start, split: values})
    groups.set(name, [...(groups.get(name) ?? []), row])
  }
  return new Map(Array.from(groups, ([name, some]) => [name, figuresOfSales(some)]))
}
const nameOf = ({key, start, split}: Pick<TruthRow, 'key' | 'start' | 'split'>): string =>
  JSON.stringify([key, start, split])

/** Roots of large quotients may differ in the last bit. */
function expectSame(actual: readonly TruthRow[], expected: ReturnType<typeof expectedRows>): void {
  const found = new Map(actual.map(row => [nameOf(row), row.values]))
  expect(found.size, 'each row is there once').toBe(actual.length)
  for (const [name, values] of found) {
    const spread = expected.get(name)?.['spread']
    if (typeof spread !== 'number') continue
    expect(Math.abs((values['spread'] as number) - spread)).toBeLessThanOrEqual(spread * 1e-12)
    found.set(name, {...values, spread})
  }
  expect(found).toEqual(expected)
}

const question = fc
  .record({
    rollup: fc.constantFrom(...sales.rollups),
    level: fc.constantFrom<Level>('minute', 'quarter', 'hour', 'day', 'total'),
    isSplit: fc.array(fc.boolean(), {minLength: 2, maxLength: 2}),
    key: maybe(fc.constantFrom('a', '', '(long)', 'sofa', '(other)', null)),
    from: fc.option(fc.constantFrom(...SECONDS.map(s => -s), NOW_S - 600), {nil: undefined}),
    to: fc.option(fc.constantFrom(...SECONDS, NOW_S), {nil: undefined}),
  })
  .map(({rollup, level, isSplit, key, from, to}) => ({
    rollup,
    question: {
      level,
      key: key === null || rollup.by.length === 0 ? undefined : [key],
      split: (rollup.split ?? []).filter((_, i) => isSplit[i]),
      ...(level === 'total' ? {} : {from, to}),
    },
  }))

type Asked = typeof question extends fc.Arbitrary<infer T> ? T : never

test('rollups of a stream of every measure are what arithmetic says', async () => {
  const client = await open()
  await client.query(`${createSql(salesTable)}; SET TimeZone = 'Asia/Kathmandu'`)
  const check = async (rows: readonly Sale[], asked: readonly Asked[]): Promise<void> => {
    await fillSales(client, rows)
    for (const {rollup, question: one} of asked) {
      const by = rollup.by as readonly ('shop' | 'product')[]
      const actual = await truthOfRollup(client, sales, rollup, one)
      expectSame(actual, expectedRows(toRecords(rows), by, one))
    }
  }
  const asked = fc.array(question, {minLength: 4, maxLength: 8})
  await fc.assert(fc.asyncProperty(someSales, asked, check), {...SEED, numRuns: 60})
})

test('told apart in one statement, rows are those of a statement for each dimension', async () => {
  const client = await open()
  await client.query(createSql(salesTable))
  const check = async (rows: readonly Sale[], asked: readonly Asked[]): Promise<void> => {
    await fillSales(client, rows)
    for (const {rollup, question: one} of asked) {
      const own: RollupQuestion = {...one, split: []}
      const apart = rollup.split ?? []
      const found = await truthOfRollup(client, sales, rollup, {...own, apart})
      const of = (dimension: string | undefined): readonly unknown[] =>
        found
          .filter(row => row.apart?.dimension === dimension)
          .map(({key, start, values, apart: by}) => ({
            key,
            start,
            values,
            split: by ? [by.value] : [],
          }))
      const all = await truthOfRollup(client, sales, rollup, own)
      expect(new Set(of(undefined))).toEqual(new Set(all))
      for (const dimension of apart) {
        const split = await truthOfRollup(client, sales, rollup, {...own, split: [dimension]})
        expect(new Set(of(dimension))).toEqual(new Set(split))
      }
    }
  }
  const asked = fc.array(question, {minLength: 2, maxLength: 4})
  await fc.assert(fc.asyncProperty(someSales, asked, check), {...SEED, numRuns: 30})
})

test('the most and the active of a window are what arithmetic says', async () => {
  const client = await open()
  await client.query(createSql(salesTable))
  const [[top], [active]] = [sales.top, sales.active]
  const check = async (rows: readonly Sale[], nowS: number): Promise<void> => {
    await fillSales(client, rows)
    const end = (Math.floor(nowS / 10) + 1) * 10
    const inside = (seconds: number): readonly SaleRecord[] =>
      toRecords(rows).filter(
        ({sold}) => sold !== null && sold >= (end - seconds) * 1e6 && sold < end * 1e6,
      )
    const products = Map.groupBy(
      inside(600).filter(({product}) => product !== null),
      ({product}) => product!,
    )
    const expected = Array.from(products, ([key, own]) => {
      const {revenue, sales: number, buyers} = figuresOfSales(own)
      return {key, values: {revenue, sales: number, buyers}}
    })
    expect(new Set(await truthOfTop(client, sales, top!, {nowS}))).toEqual(new Set(expected))
    const buyers = new Set(inside(300).flatMap(({buyer}) => buyer ?? []))
    expect(await truthOfActive(client, sales, active!, {nowS})).toBe(buyers.size)
  }
  const now = fc.integer({min: NOW_S - 20, max: NOW_S + 30})
  await fc.assert(fc.asyncProperty(someSales, now, check), {...SEED, numRuns: 40})
})

test('a statement scans the table once, and a key is found by its index', async () => {
  const client = await open()
  await client.query(`${createSql(salesTable)}; CREATE INDEX ON sales (shop)`)
  await client.query('SET enable_seqscan = off')
  const explain = async (asked: RollupQuestion): Promise<string> => {
    const {text: sql, values} = rollupSql(sales, sales.rollups[0]!, asked)
    const query = {text: `EXPLAIN ${sql}`, values: [...values], rowMode: 'array' as const}
    return (await client.query<string[]>(query)).rows.join('\n')
  }
  const all = await explain({level: 'day', split: ['status', 'product']})
  expect(all.match(/ on sales /g)).toHaveLength(1)
  expect(await explain({level: 'total', key: ['a']})).toMatch(/Index Cond: .*shop/)
})

const KIND_ROWS = `
  ('a', true, '1969-12-31', 0.1, 1e22, 42, 1.50, 'ab', '2000-01-01 00:00:00.000001', ' {"a" :1} ', 'c'),
  ('b', false, '1970-01-02', 0.25, '-0', -7, 'NaN', '', '1969-12-31 23:59:59.999999', 'null', '(none)'),
  ('c', null, null, 'NaN', 1e-7, null, null, null, null, '"x"', null),
  ('refused', null, 'infinity', 1, 1, null, null, null, null, null, null),
  ('refused too', null, null, 1, 1, 'NaN', null, null, null, null, null)`

const KIND_KEYS: Readonly<Record<string, readonly (string | null)[]>> = {
  is_it: ['true', 'false', null],
  the_day: ['-1', '1', null],
  small: ['0.1', '0.25', 'NaN'],
  large: ['1e+22', '0', '1e-7'],
  whole: ['42', '-7', null],
  free: ['1.50', 'NaN', null],
  code: ['ab  ', '    ', null],
  at: ['946684800000001', '-1', null],
  doc: ['{"a" :1}', null, '"x"'],
  note: ['c', '(none)', null],
}

test('values of every kind are keys as records name them', async () => {
  const client = await open()
  const table = pgSchema('odd "schema"').table('T a', {
    id: text('Id').primaryKey(),
    flag: boolean('is "it"?'),
    day: date('day', {mode: 'string'}),
    small: real('small'),
    large: doublePrecision('large'),
    whole: numeric('whole', {precision: 5, scale: 0}),
    free: numeric('free'),
    code: char('code', {length: 4}),
    at: timestamp('at', {mode: 'string'}),
    doc: json('doc'),
    note: text('note'),
  })
  const kinds = stream({
    name: 'kinds',
    table,
    topic: 'kinds',
    key: 'Id',
    time: 'at',
    fields: {Id: 'id', 'is "it"?': 'is_it', day: 'the_day'},
    measures: {
      n: count(),
      small: sum('small', {scale: 1}),
      day: max('the_day'),
      last: latest('large'),
    },
    rollups: Object.keys(KIND_KEYS).map(name => ({name, by: name, every: ['total']})),
  })
  await client.query(createSql(table))
  await client.query(`INSERT INTO "odd ""schema"""."T a" VALUES ${KIND_ROWS}`)
  await client.query(`SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'`)
  const ask = async (rollup: Stream['rollups'][number], key?: string | null) =>
    await truthOfRollup(client, kinds, rollup, {
      level: 'total',
      key: key === undefined ? undefined : [key],
    })
  for (const rollup of kinds.rollups) {
    const rows = await ask(rollup)
    expect(new Set(rows.map(({key}) => key[0])), rollup.name).toEqual(
      new Set(KIND_KEYS[rollup.name]),
    )
    for (const row of rows) expect(await ask(rollup, row.key[0])).toEqual([row])
    for (const key of ['no such', '(long)', '01', '9'.repeat(30), '\0']) {
      expect(await ask(rollup, key)).toEqual([])
    }
  }
  const [first] = await ask({name: 'all', by: [], every: ['total']})
  expect(first?.values).toEqual({n: 3, small: 0.4, day: 1, last: 1e22})
  // Without a time zone: the session's must not matter.
  const minute = {level: 'minute', from: -60, to: 0, measures: ['n']} as const
  expect(
    await truthOfRollup(client, kinds, {name: 'all', by: [], every: ['minute']}, minute),
  ).toEqual([{key: [], split: [], start: -60, values: {n: 1}}])
})

const SOFA = '11111111-1111-1111-1111-11111111111a'
const SHOP = `
  INSERT INTO products
    VALUES ('${SOFA}', 'sofa', 12.5, 0.26, ${2n ** 60n}, 'infinity', '2000-01-01Z', '');
  INSERT INTO countries VALUES ('de', 'Germany'), ('at', 'Austria');
  INSERT INTO "Clerks" VALUES (7, true), (8, false);
  INSERT INTO orders (product, country, clerk, total) VALUES
    ('${SOFA.toUpperCase()}', 'de', '7', 1), ('${SOFA}', 'de', '8', 2), ('${SOFA}', null, '7.0', 4),
    ('no uuid', 'at', '99999999999999999999', 8), (null, 'xy', ' 7', 16)`

test('columns that are looked up, and conditions, count as what is there now', async () => {
  const client = await open()
  await client.query(ORDER_TABLES + SHOP)
  const counted: Stream = {
    ...orders,
    measures: {
      n: count(),
      known: count({where: {'of.name': PRESENT, 'to.name': ['Germany', 'Austria']}}),
      here: sum('total', {where: {'by.is_here': true}}),
      weight: sum('of.weight', {scale: 1}),
      dearest: max('of.price'),
      stock: uniques('of.stock'),
      texts: count({where: {total: '2.00'}}),
      numbers: count({where: {total: 2}}),
      ids: count({where: {id: ['2', 3]}}),
    },
  }
  const rollup = {name: 'names', by: ['of.name'], split: ['to.name'], every: ['total'] as const}
  const ask = async (asked: Partial<RollupQuestion>): Promise<readonly TruthRow[]> =>
    await truthOfRollup(client, counted, rollup, {level: 'total', ...asked})
  const none = {known: 0, here: 0, weight: 0, dearest: null, stock: 0, texts: 0, numbers: 0, ids: 0}
  const found = {...none, n: 3, known: 2, here: 1, weight: 0.9, dearest: 12.5, texts: 1, ids: 1}
  expect(await ask({})).toEqual([
    {key: ['sofa'], split: [], start: null, values: found},
    {key: [null], split: [], start: null, values: {...none, n: 2}},
  ])
  const split = await ask({split: ['to.name'], measures: ['n'], key: ['sofa']})
  expect(split.map(row => [row.split[0], row.values])).toEqual([
    ['Germany', {n: 2}],
    [null, {n: 1}],
  ])
  const only = {text: 'r.total > $1', values: [2]}
  expect((await ask({only, measures: ['n']})).map(({values}) => values['n'])).toEqual([1, 2])
  const all = {name: 'all', by: [], every: ['total'] as const}
  const nothing = {level: 'total', only: {text: 'false'}, measures: ['n']} as const
  expect(await truthOfRollup(client, counted, all, nothing)).toEqual([])
  const [event] = await truthOfEvents(client, counted, {key: SOFA, limit: 1})
  const own = {id: 3, product: SOFA, country: null, clerk: '7.0', total: '4.00', day: null}
  const product = {name: 'sofa', price: '12.50', weight: 0.26, stock: null, added_on: null}
  const of = {...product, changed_at: 946_684_800_000_000}
  const lookedUp = {of, to: {name: null}, by: {is_here: null}}
  expect(event).toEqual({id: 3, at: null, event: {...own, ...lookedUp}})
})

test.each([
  ['a key of other parts', {key: []}, 'rollup shop has keys of 1 parts, not 0'],
  ['another split', {split: ['buyer']}, 'rollup shop is not split by buyer'],
  ['a range in total', {to: 5}, 'rollup shop in total has no range of time'],
  ['an unknown measure', {measures: ['profit']}, 'profit is no measure of the row'],
])('%s is refused', (_what, asked, why) => {
  const ask = () => rollupSql(sales, sales.rollups[0]!, {level: 'total', ...asked})
  expect(ask).toThrow(`stream sales: ${why}`)
})

test('a stream that goes by the commit has totals, and no other time', () => {
  const rollup = {name: 'all', by: [], every: ['day'] as const}
  const counted: Stream = {...orders, measures: {n: count(), last: latest('total')}}
  expect(() => rollupSql(counted, rollup, {level: 'day'})).toThrow(/the time of the commit/)
  expect(() => rollupSql(counted, rollup, {level: 'total'})).toThrow(/the time of the commit/)
  expect(rollupSql(counted, rollup, {level: 'total', measures: ['n']}).text).toContain('count(*)')
})

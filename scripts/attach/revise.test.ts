/** INV-128: nothing but columns changes in what somebody wrote. */
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {misfitOf} from '../../contracts/column-fit.ts'
import {loadDeclaration} from '../../test/declaration.ts'
import type {CatalogColumn, CatalogTable, Remembered} from './catalog.ts'
import {byHand, changesOf, isUnchanged} from './changes.ts'
import {diffOf} from './diff.ts'
import {untoldRows} from './fill.ts'
import {propose} from './propose.ts'
import {render} from './render.ts'
import {revise} from './revise.ts'

const column = (name: string, type: string, more: Partial<CatalogColumn> = {}): CatalogColumn => ({
  name,
  type,
  isEnum: false,
  isNested: false,
  notNull: true,
  precision: null,
  scale: null,
  element: null,
  distinct: null,
  ...more,
})
const table = (...columns: readonly CatalogColumn[]): CatalogTable => ({
  schema: 'public',
  name: 'orders',
  columns: [column('id', 'bigint'), ...columns],
  primaryKey: ['id'],
  uniqueColumns: ['id'],
  foreignKeys: [],
  hasRows: false,
})
const NOTHING: Remembered = {renamed: [], leftOut: []}

/** As a person keeps it: names of JavaScript, measures and comments of their own. */
const BY_HAND = `/** What we sell. */
import {bigint, integer, pgTable, text} from 'drizzle-orm/pg-core'
import {count, sum} from '../contracts/measures.ts'
import {stream} from '../contracts/stream.ts'

// Cents, since the shop has no other.
const ordersTable = pgTable('orders', {
  id: bigint('id', {mode: 'number'}).primaryKey(),
  customerId: text('customer_id').notNull(), // who pays
  totalCents: integer('total_cents'),
})

export const orders = stream({
  name: 'orders',
  table: ordersTable,
  topic: 'orders',
  key: 'customer_id',
  measures: {orders: count(), revenue: sum('total_cents', {per: 100})},
  rollups: [{by: 'customer_id', every: ['day', 'total']}],
})
`
const HAND_COLUMNS = [
  column('customer_id', 'text'),
  column('total_cents', 'integer', {notNull: false}),
]

async function reviseTo(
  text: string,
  found: CatalogTable,
  remembered = NOTHING,
): Promise<{readonly text: string; readonly diff: string}> {
  const stream = await loadDeclaration(text)
  const after = revise(text, stream, changesOf(stream, found, remembered))
  return {text: after, diff: diffOf(text, after)}
}

test('a new column is one line more, in the way that the file is written', async () => {
  const {diff, text} = await reviseTo(BY_HAND, table(...HAND_COLUMNS, column('coupon', 'uuid')))
  expect(diff).toBe(`  /** What we sell. */
- import {bigint, integer, pgTable, text} from 'drizzle-orm/pg-core'
+ import {bigint, integer, pgTable, text, uuid} from 'drizzle-orm/pg-core'
  import {count, sum} from '../contracts/measures.ts'
  import {stream} from '../contracts/stream.ts'
    customerId: text('customer_id').notNull(), // who pays
    totalCents: integer('total_cents'),
+   coupon: uuid('coupon'),
  })
`)
  // Records that are there have none, so it may be null.
  const stream = await loadDeclaration(text)
  expect(stream.columns.at(-1)).toEqual({
    field: 'coupon',
    column: 'coupon',
    kind: 'uuid',
    nullable: true,
  })
})

test('another type is another word in its line; measures, rollups and comments stay', async () => {
  const {diff} = await reviseTo(
    BY_HAND,
    table(HAND_COLUMNS[0]!, column('total_cents', 'bigint', {notNull: false})),
  )
  expect(diff.split('\n').filter(line => /^[-+]/.test(line))).toEqual([
    "-   totalCents: integer('total_cents'),",
    "+   totalCents: bigint('total_cents', {mode: 'number'}),",
  ])
})

test('a column that may be null since loses one word, and nothing else of its line', async () => {
  const {diff} = await reviseTo(
    BY_HAND,
    table(column('customer_id', 'text', {notNull: false}), HAND_COLUMNS[1]!),
  )
  expect(diff.split('\n').filter(line => /^[-+]/.test(line))).toEqual([
    "-   customerId: text('customer_id').notNull(), // who pays",
    "+   customerId: text('customer_id'), // who pays",
  ])
})

test('a renamed column keeps its field, so that records and measures stay', async () => {
  const {text} = await reviseTo(BY_HAND, table(column('buyer', 'text'), HAND_COLUMNS[1]!), {
    ...NOTHING,
    renamed: [{from: 'customer_id', to: 'buyer'}],
  })
  const [before, after] = [await loadDeclaration(BY_HAND), await loadDeclaration(text)]
  expect(after.keyColumn).toBe('buyer')
  expect({schema: after.schema, keyField: after.keyField}).toEqual({
    schema: before.schema,
    keyField: before.keyField,
  })
})

test('a dropped column that nothing counts goes with its line', async () => {
  const {diff} = await reviseTo(
    BY_HAND.replace(", revenue: sum('total_cents', {per: 100})", ''),
    table(HAND_COLUMNS[0]!),
  )
  expect(diff.split('\n').filter(line => /^[-+]/.test(line))).toEqual([
    "-   totalCents: integer('total_cents'),",
  ])
})

test('a dropped column that a measure counts leaves a file that says so', async () => {
  const {text} = await reviseTo(BY_HAND, table(HAND_COLUMNS[0]!))
  await expect(loadDeclaration(text)).rejects.toThrow(
    'measure revenue of total_cents is not in its record',
  )
})

test('columns that are left out on purpose are no changes', async () => {
  const stream = await loadDeclaration(BY_HAND.replace('  key:', "  omit: ['inner'],\n  key:"))
  const found = table(...HAND_COLUMNS, column('inner', 'text'), column('older', 'text'))
  expect(isUnchanged(changesOf(stream, found, {...NOTHING, leftOut: ['older']}))).toBe(true)
  expect(byHand(changesOf(stream, found, NOTHING))).toEqual([
    'add the column        older: t.text()',
  ])
})

test('a file that is not written as ours is not changed, and says what was not found', async () => {
  const stream = await loadDeclaration(BY_HAND)
  const changes = changesOf(stream, table(...HAND_COLUMNS, column('coupon', 'text')), NOTHING)
  const change = (text: string) => () => revise(text, stream, changes)
  expect(
    change(BY_HAND.replace("pgTable('orders', {", "pgTable('orders', columns) && ({")),
  ).toThrow("it has no pgTable('orders', …) with its columns")
  expect(change(BY_HAND.replace("  totalCents: integer('total_cents'),", '  ...more,'))).toThrow(
    'columns are not all written out in its table',
  )
  expect(change(BY_HAND.replace("name: 'orders'", 'name'))).toThrow(
    "it has no stream({name: 'orders', …})",
  )
})

test('rows are told again where they have what their records lack', async () => {
  const stream = await loadDeclaration(BY_HAND)
  const of = (...columns: readonly CatalogColumn[]) =>
    untoldRows(changesOf(stream, table(...columns), NOTHING))
  expect(of(...HAND_COLUMNS)).toBe(null)
  expect(of(...HAND_COLUMNS, column('a', 'text'), column('b"', 'text'))).toBe(
    't."a" IS NOT NULL OR t."b""" IS NOT NULL',
  )
  expect(of(HAND_COLUMNS[0]!, column('total_cents', 'bigint'))).toBe('true')
  expect(of(column('customer_id', 'text', {notNull: false}), HAND_COLUMNS[1]!)).toBe(null)
})

const NAMES = [
  'a',
  'b',
  'op',
  'created_at',
  "it's",
  'Ü',
  '"',
  'x y',
  '__proto__',
  'c',
  'row_op',
  '\\',
  '9',
]
const drawnColumn = (name: string): fc.Arbitrary<CatalogColumn> =>
  fc
    .record({
      type: fc.constantFrom(
        'integer',
        'bigint',
        'text',
        'uuid',
        'numeric',
        'boolean',
        'jsonb',
        'timestamp with time zone',
      ),
      notNull: fc.boolean(),
      scale: fc.nat(4),
      precision: fc.integer({min: 5, max: 12}),
    })
    .map(({type, notNull, scale, precision}) =>
      column(name, type, {notNull, ...(type === 'numeric' ? {precision, scale} : {})}),
    )
const drawnTable = fc
  .subarray(NAMES, {minLength: 1})
  .chain(names => fc.tuple(...names.map(drawnColumn)))

test('whatever becomes of the columns, the changed file is a declaration of the table as it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      drawnTable,
      drawnTable,
      fc.array(fc.nat(NAMES.length)),
      async (was, is, moves) => {
        const declared = {
          ...propose(table(...was)),
          measures: [['n', 'count()'] as const],
          rollups: [],
        }
        const text = render(declared)
        const stream = await loadDeclaration(text)
        const has = (columns: readonly CatalogColumn[], name: string): boolean =>
          columns.some(one => one.name === name)
        const [gone, come] = [
          was.filter(one => !has(is, one.name)),
          is.filter(one => !has(was, one.name)),
        ]
        const renamed = moves.flatMap((move, i) =>
          gone[i] !== undefined && come[move] !== undefined && moves.indexOf(move) === i
            ? [{from: gone[i].name, to: come[move].name}]
            : [],
        )
        const found = table(...is)
        const changes = changesOf(stream, found, {renamed, leftOut: []})
        // A time that is none any more is written in the declaration: a person decides.
        const time = renamed.find(({from}) => from === declared.time)?.to ?? declared.time
        const isTime = found.columns.some(
          one => one.name === time && one.type === 'timestamp with time zone',
        )
        const revised = loadDeclaration(revise(text, stream, changes))
        if (time !== null && !isTime) {
          await expect(revised).rejects.toThrow(/: time /)
          return
        }
        const {columns} = await revised
        expect(columns.map(one => one.column).toSorted()).toEqual(
          found.columns.map(one => one.name).toSorted(),
        )
        for (const one of found.columns) {
          expect(
            misfitOf(
              columns.find(({column: name}) => name === one.name)!,
              one,
            ),
          ).toBe(null)
        }
        // Renamed, a column stays the same field.
        for (const {to, field} of changes.renamed) {
          expect(columns.find(one => one.column === to)?.field).toBe(field)
        }
      },
    ),
    {numRuns: 60},
  )
})

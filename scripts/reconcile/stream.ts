/**
 * One stream against SQL: by keys, in pages, so that little is held at once; then what no key bounds.
 */
import type {Stream} from '../../contracts/stream.ts'
import {truthOfRollup, type SqlCondition} from '../../db/truth/truth.ts'
import {KEY_CHARACTERS_MAX, lengthSql, LONG_KEY} from '../../db/truth/values.ts'
import {quote, quoteTable} from '../../platform/sql-names.ts'
import {NULL_KEY} from '../../readmodel/fields.ts'
import {textsOfKey} from '../../readmodel/rollup-table.ts'
import type {Compared, Scope} from './differences.ts'
import {compareLists, compareSpecials, compareWindows} from './events.ts'
import {compareRaw, compareStrayRows} from './raw-rows.ts'
import {compareNamedHash} from './hashes.ts'
import {chunksOf, compareRollup} from './rollups.ts'

export const KEYS_AT_ONCE = 20

const keyOf = ({keyColumn}: Stream): string => `r.${quote(keyColumn)}`
const isLong = (stream: Stream): string =>
  `${lengthSql(`${keyOf(stream)}::text`)} > ${KEY_CHARACTERS_MAX}`

/** Texts of keys in the order of the table, `after` one; those that are null or too long are not among them. */
export async function readKeys(
  {pg, stream}: Pick<Compared, 'pg' | 'stream'>,
  after: string | null,
): Promise<readonly string[]> {
  const key = keyOf(stream)
  const {rows} = await pg.query<{key: string}>(
    `SELECT key::text FROM (SELECT DISTINCT ${key} AS key FROM ${quoteTable(stream.table)} r
       WHERE ${key} IS NOT NULL AND NOT ${isLong(stream)} ${after === null ? '' : `AND ${key} > $1`}
       ORDER BY 1 LIMIT ${KEYS_AT_ONCE}) keys ORDER BY keys.key`,
    after === null ? [] : [after],
  )
  return rows.map(row => row.key)
}

async function keysIn(
  {pg, stream}: Pick<Compared, 'pg' | 'stream'>,
  question: {readonly only?: SqlCondition; readonly from?: number; readonly to?: number},
): Promise<ReadonlySet<string>> {
  const level = question.from === undefined ? 'total' : 'day'
  const rollup = {name: 'keys', by: [stream.keyField], every: [level], measures: []} as const
  const rows = await truthOfRollup(pg, stream, rollup, {level, ...question})
  return new Set(rows.map(({key}) => key[0] ?? NULL_KEY))
}

/** Keys with events on a UTC day that begins then. */
export const readKeysOfDay = async (
  at: Pick<Compared, 'pg' | 'stream'>,
  from: number,
): Promise<readonly string[]> =>
  at.stream.timeField === null ? [] : [...(await keysIn(at, {from, to: from + 86_400}))]

/** Rows with one of these keys; what is no value of the column is no key of a row. */
export async function scopeOf({pg, stream}: Compared, keys: readonly string[]): Promise<Scope> {
  const {rows} = await pg.query<{key: string}>(
    `SELECT key FROM unnest($1::text[]) key WHERE cdc.is_valid(key,
       (SELECT format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = $2::regclass AND attname = $3))`,
    [keys.filter(key => key !== NULL_KEY), quoteTable(stream.table), stream.keyColumn],
  )
  const conditions = [
    `${keyOf(stream)} = ANY($1)`,
    ...(keys.includes(NULL_KEY) ? [`${keyOf(stream)} IS NULL`] : []),
    ...(keys.includes(LONG_KEY) ? [isLong(stream)] : []),
  ]
  const text = conditions.join(' OR ')
  return {only: {text, values: [rows.map(row => row.key)]}, keys}
}

export const isByKey = ({stream}: Compared, i: number): boolean =>
  stream.rollups[i]!.by[0] === stream.keyField

/** Everything that is stored by these keys, and their events. */
export async function compareKeys(
  at: Compared,
  keys: readonly string[],
  {withRaw = false} = {},
): Promise<void> {
  if (keys.length === 0) return
  const scope = await scopeOf(at, keys)
  for (const i of at.stream.rollups.keys()) {
    if (isByKey(at, i)) await compareRollup(at, i, scope)
  }
  await compareSpecials(at, scope)
  await compareLists(at, scope)
  if (withRaw) await compareRaw(at, scope.only)
}

/** Keys that are stored and have no row: what is left of them has to be nothing. */
async function compareGoneKeys(at: Compared): Promise<void> {
  for (const [i, rollup] of at.plan.rollups.entries()) {
    if (!isByKey(at, i)) continue
    for await (const page of at.sides[0].reads.rollup(rollup).all({uniques: false})) {
      const stored = [...new Set(page.map(({key}) => textsOfKey(rollup, key)[0]!))]
      for (const some of chunksOf(stored, KEYS_AT_ONCE)) {
        const present = await keysIn(at, {only: (await scopeOf(at, some)).only!})
        const keys = some.filter(key => !present.has(key))
        if (keys.length > 0) await compareRollup(at, i, {only: {text: 'false'}, keys})
      }
    }
  }
}

/** Whether every partition has a run in Redis. @param partitions absent: all of them */
export async function compareRuns(at: Compared, partitions?: ReadonlySet<number>): Promise<void> {
  for (const [partition, marker] of (await at.live.markers()).entries()) {
    if (marker !== null || partitions?.has(partition) === false) continue
    const what = `redis ${at.stream.name} partition ${partition}`
    const place = {kind: 'run', partition} as const
    at.report({what, expected: 'a run', actual: 'none', place})
  }
}

/** What belongs to no page of keys. */
export async function compareRest(at: Compared, nowS: number): Promise<void> {
  await compareRuns(at)
  await compareKeys(at, [NULL_KEY, LONG_KEY])
  await compareGoneKeys(at)
  for (const i of at.stream.rollups.keys()) {
    if (!isByKey(at, i)) await compareRollup(at, i)
    await compareNamedHash(at, i)
  }
  await compareSpecials(at)
  await compareRaw(at)
  await compareStrayRows(at)
  await compareWindows(at, nowS)
}

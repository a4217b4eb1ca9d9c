/** What paths find, and the projections that only some streams have, against arithmetic done here. */
import * as fc from 'fast-check'
import {integer, json, jsonb, pgTable} from 'drizzle-orm/pg-core'
import {expect, test} from 'vitest'
import {jsonPath, stream} from '../contracts/stream.ts'
import {activityEvents, engagementEvents} from '../db/tables.ts'
import {
  RECENT_MAX,
  RETENTION_SECONDS_MAX,
  truthOfEvents,
  truthOfRecent,
  truthOfRetention,
  truthOfRollup,
  type TruthRecent,
} from '../db/truth/truth.ts'
import type {Client} from '../platform/postgres.ts'
import {activity} from '../streams/sample/activity.ts'
import {engagement} from '../streams/sample/engagement.ts'
import {
  createSql,
  insert,
  keyOf,
  maybe,
  NOW_S,
  open,
  recentTime,
  SEED,
  someTime,
  splitOf,
  timeText,
} from './truth-world.ts'

/** JSON as a client may write it. */
const DOCUMENTS = String.raw`null|7|"page"|["page", "x"]|{}|{"Page": "x"}|{"page": null}|{"page": 5}
{"page": ["x"]}|{"page": {"page": "x"}}|{"page": ""}|{"page": "x"}|{"page": "first", "page": "last"}
{"page": "/é\n\"😀"}|{"p\u0061ge": "escaped"}|{"deep": {"0": {"__proto__": "found"}}}
{"deep": [{"__proto__": "no"}]}|{"deep": {"0": "__proto__"}}`
  .split(/[|\n]/)
  .concat(`{"page": "${'x'.repeat(513)}"}`)
const POSITIONS = `0 -0 7 -7 1.0 1e3 15E-1 1.5 "5" true null [1] 1e400 -1e400 1e-400
9007199254740991 -9007199254740991 9007199254740992 9007199254740993 9007199254740991.4
1.00000000000000001 43200000.0 12345678`.split(/\s+/)
DOCUMENTS.push(...POSITIONS.map(position => `{"position_ms": ${position}}`))

/** Own members of objects only. */
function memberOf(text: string | null, path: readonly string[]): unknown {
  let at: unknown = text === null ? null : JSON.parse(text)
  for (const name of path) {
    const isObject = typeof at === 'object' && at !== null && !Array.isArray(at)
    at =
      isObject && Object.hasOwn(at as object, name) ? (at as Record<string, unknown>)[name] : null
  }
  return at
}
const textAt = (text: string | null, ...path: readonly string[]): string | null => {
  const value = memberOf(text, path)
  return typeof value === 'string' ? value : null
}
const longAt = (text: string | null, ...path: readonly string[]): number | null => {
  const value = memberOf(text, path)
  return typeof value === 'number' && Number.isSafeInteger(value) ? value + 0 : null
}

test.each(['json', 'jsonb'] as const)('paths find in %s what JavaScript reads', async type => {
  const client = await open()
  const table = pgTable('documents', {
    id: integer('id').primaryKey(),
    text: type === 'json' ? json('text') : jsonb('text'),
  })
  const documents = stream({
    name: 'documents',
    table,
    topic: 'documents',
    key: 'id',
    paths: {
      page: jsonPath('text', ['page']),
      deep: jsonPath('text', ['deep', '0', '__proto__']),
      position: jsonPath('text', ['position_ms'], 'long'),
    },
  })
  // JSON of the column's type json may not be JSON that jsonb holds.
  const unreadable = type === 'json' ? ['{"page": "\\u0000"}', '{"page": "x", "n": 1e999999}'] : []
  const texts = [null, ...DOCUMENTS, ...unreadable]
  await client.query(createSql(table))
  await client.query(
    `INSERT INTO documents SELECT n, t::${type} FROM unnest($1::text[]) WITH ORDINALITY x (t, n)`,
    [texts],
  )
  const events = await truthOfEvents(client, documents, {limit: 1_000})
  const actual = events
    .toReversed()
    .map(({event: {page, deep, position}}) => ({page, deep, position}))
  const expected = texts.map(text => ({
    page: unreadable.includes(text!) ? null : textAt(text, 'page'),
    deep: textAt(text, 'deep', '0', '__proto__'),
    position: longAt(text, 'position_ms'),
  }))
  expect(actual).toEqual(expected)
})

interface Watched {
  readonly id: number
  readonly content: string | null
  readonly type: string | null
  readonly at: number
  readonly ms: number | null
  readonly payload: string | null
}

const withIds = <T>(rows: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<(T & {id: number})[]> =>
  fc
    .array(rows, {maxLength, size: 'max'})
    .map(list => list.map((row, id) => Object.assign({id}, row)))

const CONTENTS = ['11111111-1111-1111-1111-11111111111a', '22222222-2222-2222-2222-222222222222']
const watched = fc.record({
  content: maybe(fc.constantFrom(...CONTENTS)),
  type: maybe(fc.constantFrom('play', 'pause', 'finish', 'click', '(x)', 't'.repeat(65))),
  at: fc.oneof(someTime, recentTime),
  ms: maybe(
    fc.oneof(fc.constantFrom(0, 1, 999, 1000, 43_199_999, 43_200_000, 2 ** 31 - 1), fc.nat(60_000)),
  ),
  payload: maybe(fc.constantFrom(...DOCUMENTS)),
})

/** Newest first, those without a time last. */
const byAge = (a: {at: number | null; id: number}, b: {at: number | null; id: number}): number =>
  a.at === b.at ? b.id - a.id : (b.at ?? -Infinity) - (a.at ?? -Infinity)

const second = (ms: number): number =>
  Math.min(RETENTION_SECONDS_MAX - 1, Math.max(0, Math.floor(ms / 1000)))

function marksOf({ms, payload}: Watched): readonly (readonly [mark: string, ms: number])[] {
  if (ms === null || ms <= 0) return []
  const position = longAt(payload, 'position_ms')
  // A playhead before the beginning is none.
  if (position === null || position < 0) return [['durationEnd', ms]]
  return [
    ['positionBegin', position - ms],
    ['positionEnd', position],
  ]
}

async function fillEngagement(client: Client, rows: readonly Watched[]): Promise<void> {
  await client.query('TRUNCATE engagement_events')
  const sources = rows.map(({id, content, type, at, ms, payload}) => ({
    id,
    content_id: content,
    event_type: type,
    event_ts: timeText(at),
    duration_ms: ms,
    raw_payload: payload,
  }))
  await insert(client, 'engagement_events', sources, 'raw_payload')
}

test('marks of retention are what arithmetic says', async () => {
  const client = await open()
  const [retention] = engagement.special
  if (retention?.kind !== 'retention') throw new TypeError('engagement has retention')
  await client.query(createSql(engagementEvents))
  const check = async (rows: readonly Watched[], key: string | null): Promise<void> => {
    await fillEngagement(client, rows)
    const counts = new Map<string, number>()
    for (const row of rows) {
      if (row.content === null || (key !== null && row.content !== key)) continue
      for (const [mark, ms] of marksOf(row)) {
        const name = JSON.stringify([row.content, mark, splitOf(row.type), second(ms)])
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    }
    const question = key === null ? {} : {key}
    const marks = await truthOfRetention(client, engagement, retention, question)
    const found = marks.map(
      one => [JSON.stringify([one.key, one.mark, one.split, one.second]), one.count] as const,
    )
    expect(found.length).toBe(counts.size)
    expect(new Map(found)).toEqual(counts)
  }
  const key = maybe(fc.constantFrom(...CONTENTS))
  await fc.assert(fc.asyncProperty(withIds(watched, 80), key, check), {...SEED, numRuns: 40})
})

test('events of an entity are those of its rows, newest first', async () => {
  const client = await open()
  await client.query(createSql(engagementEvents))
  const check = async (
    rows: readonly Watched[],
    key: string | null,
    limit: number,
  ): Promise<void> => {
    await fillEngagement(client, rows)
    const [from, to] = [-3600, NOW_S]
    const expected = rows
      .filter(({content, at}) => content === key && at >= from * 1e6 && at < to * 1e6)
      .toSorted(byAge)
      .slice(0, limit)
      .map(({id, content, type, at, ms, payload}) => ({
        id,
        at,
        event: {
          event_id: id,
          content_id: content,
          user_id: null,
          event_type: type,
          event_ts: at,
          duration_ms: ms,
          device: null,
          page: textAt(payload, 'page'),
          position_ms: longAt(payload, 'position_ms'),
        },
      }))
    const events = await truthOfEvents(client, engagement, {from, to, key, limit})
    const found = events.map(({event: {raw_payload: text, ...event}, ...at}) => {
      return {...at, event: {...event, page: textAt(text as string | null, 'page')}}
    })
    expect(found).toEqual(expected)
  }
  const key = maybe(fc.constantFrom(...CONTENTS))
  const property = fc.asyncProperty(withIds(watched, 60), key, fc.integer({min: 1, max: 20}), check)
  await fc.assert(property, {...SEED, numRuns: 40})
})

interface Act {
  readonly id: number
  readonly user: string
  readonly type: string
  readonly at: number | null
  readonly metadata: string | null
}

const act = fc.record({
  user: fc.constantFrom('anna', 'anna', 'anna', 'bo', 'u'.repeat(1024), 'u'.repeat(1025)),
  type: fc.constantFrom('page_view', 'page_view', 'login', 't'.repeat(257)),
  at: maybe(fc.oneof(someTime, recentTime)),
  metadata: maybe(fc.constantFrom(...DOCUMENTS)),
})

const recentOf = (rows: readonly Act[]) =>
  rows
    .filter(({at}) => at !== null)
    .toSorted(byAge)
    .slice(0, RECENT_MAX)
    .map(({id, at, type, metadata}) => {
      const page = textAt(metadata, 'page')?.slice(0, 256) ?? null
      return {id, at, shown: {activity_type: type, page}}
    })

/** Those are as PostgreSQL prints them. */
const withoutMetadata = (lists: readonly TruthRecent[]) =>
  lists.map(({list, ...rest}) => ({
    ...rest,
    list: list.map(({id, at, shown: {activity_type, page}}) => ({
      id,
      at,
      shown: {activity_type, page},
    })),
  }))

test('the newest activities of users, and views by page, are what arithmetic says', async () => {
  const client = await open()
  await client.query(createSql(activityEvents))
  const [recent] = activity.special
  if (recent?.kind !== 'recent') throw new TypeError('activity has the newest')
  const pages = activity.rollups.find(({name}) => name === 'pages')!
  const check = async (rows: readonly Act[]): Promise<void> => {
    await client.query('TRUNCATE activity_events')
    const sources = rows.map(({id, user, type, at, metadata}) => {
      return {id, user_id: user, activity_type: type, occurred_at: timeText(at), metadata}
    })
    await insert(client, 'activity_events', sources, 'metadata')
    // Longer texts are dead letters.
    const counted = rows.filter(({user, type}) => user.length <= 1024 && type.length <= 256)
    const byUser = Map.groupBy(counted, ({user}) => keyOf(user))
    const expected = Array.from(byUser, ([key, own]) => {
      return {key, events: own.length, list: recentOf(own)}
    })
    const all = await truthOfRecent(client, activity, recent)
    expect(new Set(withoutMetadata(all))).toEqual(new Set(expected))
    const alone = await truthOfRecent(client, activity, recent, {key: 'anna'})
    expect(withoutMetadata(alone)).toEqual(expected.filter(({key}) => key === 'anna'))
    const views = counted
      .filter(({type}) => type === 'page_view')
      .flatMap(({metadata}) => keyOf(textAt(metadata, 'page')) ?? [])
    const counts = Array.from(
      Map.groupBy(views, page => page),
      ([page, own]) => [page, {page_views: own.length}] as const,
    )
    const found = await truthOfRollup(client, activity, pages, {level: 'total'})
    expect(new Map(found.map(({key, values}) => [key[0]!, values]))).toEqual(new Map(counts))
  }
  await fc.assert(fc.asyncProperty(withIds(act, 100), check), {...SEED, numRuns: 40})
})

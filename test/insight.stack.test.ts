/** What stands out, on real servers: planted in SQL, found over REST, its numbers equal to SQL. */
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'

const FILM = 'f11f0000-0000-4000-8000-000000000001'
const FILM_SECONDS = 6000
/** Contents by their number; the third one rises. */
const CONTENTS = 12
const ID = `('c0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid`

/** In the middle of a whole hour of each of nine days. */
const PLAYS = `
  INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, device)
  SELECT ${ID}, md5('u' || (viewer * 7 + day) % 90)::uuid, 'play',
         date_trunc('hour', now()) - interval '3 hours 30 minutes' - day * interval '1 day',
         CASE WHEN day = 0 AND viewer % 5 < 2 THEN 'tv' WHEN viewer % 2 = 0 THEN 'ios' ELSE 'android' END
    FROM generate_series(1, $1::int) n, generate_series(0, 8) day,
         generate_series(1, 30 + n + CASE WHEN n = 3 AND day = 0 THEN 120 ELSE 0 END) viewer`

/** 400 who play a film: 160 leave at 62.5 %, 40 evenly, the others stay to its end. */
const FILM_PLAYS = `
  INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, raw_payload)
  SELECT $1, gen_random_uuid(), 'play', now() - interval '10 days', ms, json_build_object('position_ms', ms)
    FROM (SELECT (CASE WHEN i <= 160 THEN 0.625 * $2::int WHEN i <= 200 THEN (i - 160) * 143 ELSE $2::int END * 1000)::int AS ms
            FROM generate_series(1, 400) i) stops`
/** And 150 of them watch 40 to 45 % again. */
const FILM_AGAIN = `
  INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, raw_payload)
  SELECT $1, gen_random_uuid(), 'pause', now() - interval '10 days', 0.05 * $2::int * 1000, json_build_object('position_ms', (0.45 * $2::int * 1000)::int)
    FROM generate_series(1, 150)`

let world: PipelineWorld
let url: string

async function ask<T>(path: string, body?: object): Promise<T> {
  const post = {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(body),
  }
  const answer = await fetch(`${url}${path}`, body === undefined ? {} : post)
  const text = await answer.text()
  expect(answer.status, text).toBe(200)
  return JSON.parse(text) as T
}

const sql = async <T extends object>(text: string, values: readonly unknown[] = []) =>
  (await world.pool.query<T>(text, [...values])).rows

beforeAll(async () => {
  world = await openPipelineWorld({API_INSIGHT_KEPT_MS: '500'})
  const services = await Promise.all(
    (['ingestor', 'processor', 'api'] as const).map(name => world.start(name)),
  )
  url = services[2]!.url
  await world.pool.query(
    `INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
     SELECT ${ID}, 'c' || n, 'Content ' || n, 'video', 600, now() FROM generate_series(1, $1::int) n`,
    [CONTENTS],
  )
  await world.pool.query(
    `INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
     VALUES ($1, 'film', 'Film', 'podcast', $2, now())`,
    [FILM, FILM_SECONDS],
  )
  await world.pool.query(FILM_PLAYS, [FILM, FILM_SECONDS])
  await world.pool.query(FILM_AGAIN, [FILM, FILM_SECONDS])
  await world.pool.query(PLAYS, [CONTENTS])
  const [row] = await sql<{id: string}>('SELECT max(id)::text AS id FROM engagement_events')
  await until(
    'the last event in the numbers',
    async () =>
      (await fetch(`${url}/v1/content/${FILM}/retention?after_event=${row!.id}&wait_ms=20000`))
        .status === 200,
    90_000,
  )
  // What no key is given for is read from Cassandra, which may follow.
  await until(
    'all events in Cassandra',
    async () => {
      const answer = await ask<{results: readonly {metrics: readonly number[]}[]}>('/v1/query', {
        metrics: ['events'],
        date_range: 'all',
        dimensions: ['content_id'],
      })
      const [{n}] = (await sql<{n: number}>(
        'SELECT count(*)::int AS n FROM engagement_events',
      )) as [{n: number}]
      return answer.results.reduce((sum, {metrics}) => sum + metrics[0]!, 0) === n
    },
    90_000,
  )
}, 120_000)
afterAll(async () => await world?.[Symbol.asyncDispose]())

interface Stretch {
  readonly from_seconds: number
  readonly to_seconds: number
  readonly share: number
}

test('where people leave a film and what they watch again is named, with how many', async () => {
  const {drop_offs: drops, key_moments: moments} = await ask<{
    drop_offs: readonly (Stretch & {left: number})[]
    key_moments: readonly (Stretch & {extra: number})[]
  }>(`/v1/content/${FILM}/retention`)
  expect(drops).toEqual([
    {from_ratio: 0.62, to_ratio: 0.63, from_seconds: 3720, to_seconds: 3780, left: 160, share: 0.4},
  ])
  expect(moments).toMatchObject([{from_seconds: 2400, to_seconds: 2700, extra: 150}])
})

/** Counts of the last 24 whole hours and the mean of seven such days before, by SQL. */
const RISING = `
  SELECT content_id AS key, count(*) FILTER (WHERE day = 0)::int AS present,
         count(*) FILTER (WHERE day BETWEEN 1 AND 7)::float8 / 7 AS usual
    FROM (SELECT content_id, floor(extract(epoch FROM date_trunc('hour', now()) - event_ts) / 86400)::int AS day
            FROM engagement_events WHERE event_type = 'play' AND event_ts < date_trunc('hour', now())) e
   GROUP BY content_id`

interface Score {
  readonly present: number
  readonly usual: number
}

test('the content that rises is named, and no other; its numbers equal SQL', async () => {
  const {items, compared} = await ask<{
    compared: number
    items: readonly (Score & {key: string; title: string; kind: string})[]
  }>('/v1/insight/rising')
  const rows = await sql<Score & {key: string}>(RISING)
  const [item] = items
  expect(items).toHaveLength(1)
  expect(item).toMatchObject({title: 'Content 3', kind: 'video'})
  const wanted = rows.find(({key}) => key === item!.key)!
  expect({present: item!.present, usual: item!.usual}).toEqual({
    present: wanted.present,
    usual: wanted.usual,
  })
  expect(compared).toBe(CONTENTS)
})

test('of the changes of the day the new device is worth a look; its numbers equal SQL', async () => {
  const {items} = await ask<{
    items: readonly (Score & {
      stream: string
      dimension: string | null
      value: string | null
      text: string
    })[]
  }>('/v1/insight/changes')
  const found = items.find(({value}) => value === 'tv')
  expect(found).toMatchObject({stream: 'engagement', dimension: 'device', usual: 0})
  const [row] = await sql<{n: number}>(
    `SELECT count(*)::int AS n FROM engagement_events WHERE device = 'tv'`,
  )
  expect(found!.present).toBe(row!.n)
  expect(found!.text).toContain('of engagement, device tv')
})

test('daily, weekly and monthly users are those of SQL, within the error of the sketch', async () => {
  const {items} = await ask<{
    items: readonly {day: string; daily: number; weekly: number; monthly: number}[]
  }>('/v1/insight/active-users?days=10')
  const rows = await sql<{day: string; daily: number; weekly: number; monthly: number}>(
    `SELECT to_char(d, 'YYYY-MM-DD') AS day,
            ${[1, 7, 30]
              .map(
                (days, i) =>
                  `(SELECT count(DISTINCT user_id)::int FROM engagement_events
                     WHERE event_ts AT TIME ZONE 'UTC' >= d - interval '${days - 1} days' AND event_ts AT TIME ZONE 'UTC' < d + interval '1 day')
                   AS ${['daily', 'weekly', 'monthly'][i]}`,
              )
              .join(', ')}
       FROM generate_series(date_trunc('day', now() AT TIME ZONE 'UTC') - interval '9 days',
                            date_trunc('day', now() AT TIME ZONE 'UTC'), interval '1 day') d ORDER BY d`,
  )
  expect(items.map(({day}) => day)).toEqual(rows.map(({day}) => day))
  for (const [i, item] of items.entries()) {
    for (const name of ['daily', 'weekly', 'monthly'] as const) {
      const exact = rows[i]![name]
      expect(Math.abs(item[name] - exact), `${item.day} ${name}`).toBeLessThanOrEqual(
        1 + exact * 0.03,
      )
    }
  }
  expect(items.at(-1)).toMatchObject({stickiness: items.at(-1)!.daily / items.at(-1)!.monthly})
})

test.each([
  ['/v1/insight/rising?metric=unique_viewers', 422, 'must be a count'],
  ['/v1/insight/rising?stream=shoes', 400, 'must be one of'],
  ['/v1/insight/rising?by=shoe', 400, 'by'],
  ['/v1/insight/active-users?metric=plays', 422, 'must be a measure of distinct values'],
])('%s is refused with what would do', async (path, status, words) => {
  const answer = await fetch(`${url}${path}`)
  expect(answer.status).toBe(status)
  expect(JSON.stringify(await answer.json())).toContain(words)
})

const WEEKS = `
  SELECT user_id, (date_trunc('week', occurred_at AT TIME ZONE 'UTC'))::date AS week FROM activity_events
   WHERE user_id IS NOT NULL GROUP BY 1, 2`

test('cohorts are those of SQL, after an activity was moved and one deleted', async () => {
  // Users 1 to 40; the n-th comes first n % 10 weeks ago, and every n % 3 + 1 weeks since.
  await world.pool.query(
    `INSERT INTO activity_events (user_id, activity_type, occurred_at)
     SELECT 'w' || n, 'login', date_trunc('week', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - week * interval '7 days'
       FROM generate_series(1, 40) n, generate_series(0, 9) week WHERE week <= n % 10 AND (n % 10 - week) % (n % 3 + 1) = 0`,
  )
  await world.pool.query(
    `UPDATE activity_events SET occurred_at = occurred_at - interval '21 days' WHERE user_id = 'w3'`,
  )
  await world.pool.query(`DELETE FROM activity_events WHERE user_id = 'w4'`)
  interface Found {
    readonly cohorts: readonly {week: string; users: number; active: readonly number[]}[]
    readonly standing: Readonly<Record<string, number>>
  }
  const wanted = await sql<{week: string; users: number; after: number; n: number}>(
    `WITH weeks AS (${WEEKS}), firsts AS (SELECT user_id, min(week) AS week FROM weeks GROUP BY 1)
     SELECT f.week::text, (SELECT count(*)::int FROM firsts o WHERE o.week = f.week) AS users,
            (w.week - f.week) / 7 AS after, count(*)::int AS n
       FROM firsts f JOIN weeks w USING (user_id) GROUP BY f.week, w.week ORDER BY 1, 3`,
  )
  await until(
    'cohorts as SQL has them',
    async () => {
      const found = await ask<Found>(`/v1/insight/cohorts?weeks=20&metric=activities`)
      const flat = found.cohorts.flatMap(({week, users, active}) =>
        active.flatMap((n, after) => (n === 0 ? [] : [{week, users, after, n}])),
      )
      return JSON.stringify(flat) === JSON.stringify(wanted) && found
    },
    90_000,
  )
}, 120_000)

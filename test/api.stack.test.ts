/** The API on the real pipeline: every number against SQL, every write, the live streams. */
import {execFile} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {subscribe} from './graphql-socket.ts'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'

const PODCAST = '5a3b1e00-0000-4000-8000-000000000001'
const VIDEO = '5a3b1e00-0000-4000-8000-000000000003'
const WAIT = 'wait_ms=20000'

let world: PipelineWorld
let url: string
let last: number

type Json = Record<string, unknown>

async function ask(
  path: string,
  init: RequestInit = {},
): Promise<{status: number; body: Json; headers: Headers}> {
  const answer = await fetch(`${url}${path}`, init)
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') === true
  return {
    status: answer.status,
    body: isJson ? (JSON.parse(text) as Json) : {text},
    headers: answer.headers,
  }
}

const post = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
  await ask(path, {
    method: 'POST',
    headers: {'content-type': 'application/json', ...headers},
    body: JSON.stringify(body),
  })

const sql = async (text: string, values: readonly unknown[] = []): Promise<Json[]> =>
  (await world.pool.query(text, [...values])).rows as Json[]

/** The figures of a content by SQL over the source. */
const FIGURES = `SELECT count(*)::int AS events,
  count(*) FILTER (WHERE event_type = 'play')::int AS plays,
  count(*) FILTER (WHERE event_type = 'finish')::int AS finishes,
  count(duration_ms)::int AS events_with_duration,
  coalesce(sum(duration_ms), 0)::float8 / 1000 AS engagement_seconds
  FROM engagement_events`

/** Distinct users are estimated: standard error 1 %, so three of them and one for rounding. */
async function expectViewers(metrics: unknown, contentId: string): Promise<void> {
  const [row] = await sql(
    'SELECT count(DISTINCT user_id)::int AS n FROM engagement_events WHERE content_id = $1',
    [contentId],
  )
  const exact = row!['n'] as number
  const {unique_viewers: estimate} = metrics as {unique_viewers: number}
  expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(1 + exact * 0.03)
}

beforeAll(async () => {
  world = await openPipelineWorld()
  const services = await Promise.all(
    (['ingestor', 'processor', 'api'] as const).map(name => world.start(name)),
  )
  url = services[2]!.url
  await world.pool.query(readFileSync('scripts/sample.sql', 'utf8'))
  await world.pool.query(
    `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
     SELECT CASE WHEN n % 3 = 0 THEN $1::uuid ELSE $2::uuid END, gen_random_uuid(),
            (ARRAY['play', 'pause', 'finish', 'click'])[1 + n % 4], now() - n * interval '47 minutes',
            CASE WHEN n % 2 = 0 THEN n * 1000 END, (ARRAY['ios', 'android', NULL])[1 + n % 3]
     FROM generate_series(1, 200) n`,
    [PODCAST, VIDEO],
  )
  last = Number((await sql('SELECT max(id) AS id FROM engagement_events'))[0]!['id'])
  await until(
    'the last event in the numbers',
    async () =>
      (await ask(`/v1/content/${VIDEO}/events?after_event=${last}&${WAIT}`)).status === 200,
    90_000,
  )
})
afterAll(async () => await world?.[Symbol.asyncDispose]())

describe('figures equal SQL over the source', () => {
  test.each([PODCAST, VIDEO])('in total, from Redis, for %s', async id => {
    const {status, body} = await ask(`/v1/content/${id}/metrics?after_event=${last}&${WAIT}`)
    expect(status).toBe(200)
    const [expected] = await sql(`${FIGURES} WHERE content_id = $1`, [id])
    expect(body['metrics']).toMatchObject(expected!)
    await expectViewers(body['metrics'], id)
    expect(body['meta']).toMatchObject({source: 'redis', notes: []})
  })

  test('for a period, exact to the minute', async () => {
    const {body} = await ask(`/v1/content/${VIDEO}/metrics?period=48h`)
    const [expected] = await sql(
      `${FIGURES} WHERE content_id = $1 AND event_ts >= date_trunc('minute', now() - interval '48 hours')`,
      [VIDEO],
    )
    expect(body['metrics']).toMatchObject(expected!)
    expect(body['meta']).toMatchObject({source: 'redis'})
  })

  test.each(['UTC', 'Europe/Berlin', 'Asia/Kolkata'])('by day in %s', async zone => {
    const {body} = await ask(`/v1/content/${VIDEO}/timeseries?period=10d&timezone=${zone}`)
    const buckets = body['buckets'] as {start: string; metrics: {events: number}}[]
    const rows = await sql(
      `SELECT extract(epoch FROM date_trunc('day', event_ts, $2)) AS start, count(*)::int AS events
       FROM engagement_events WHERE content_id = $1 GROUP BY 1`,
      [VIDEO, zone],
    )
    const expected = new Map(rows.map(row => [Number(row['start']) * 1000, row['events']]))
    expect(buckets).toHaveLength(10)
    for (const {start, metrics} of buckets) {
      expect([start, metrics.events]).toEqual([start, expected.get(Date.parse(start)) ?? 0])
    }
  })

  test('by event type and device, through the query endpoint', async () => {
    const {status, body} = await post('/v1/query', {
      metrics: ['events', 'engagement_seconds'],
      date_range: 'all',
      dimensions: ['event_type', 'device'],
      filters: [['is', 'content', [VIDEO]]],
    })
    expect(status).toBe(200)
    const rows = await sql(
      `SELECT event_type, device, count(*)::int AS events, coalesce(sum(duration_ms), 0)::float8 / 1000 AS seconds
       FROM engagement_events WHERE content_id = $1 GROUP BY 1, 2`,
      [VIDEO],
    )
    const results = body['results'] as {dimensions: unknown[]; metrics: unknown[]}[]
    const flat = results.map(row => JSON.stringify([...row.dimensions, ...row.metrics])).toSorted()
    expect(flat).toEqual(
      rows
        .map(row =>
          JSON.stringify([row['event_type'], row['device'], row['events'], row['seconds']]),
        )
        .toSorted(),
    )
  })

  test('top content of all time', async () => {
    const rows = await sql(
      `SELECT content_id AS id, count(*)::int AS value FROM engagement_events GROUP BY 1 ORDER BY 2 DESC`,
    )
    // Which contents there are is known from Cassandra, which may follow seconds later.
    await expect
      .poll(
        async () => {
          const {body} = await ask('/v1/top?period=all&by=events')
          const items = body['items'] as {content: {id: string}; value: number}[]
          return items.map(({content, value}) => ({id: content.id, value}))
        },
        {timeout: 30_000},
      )
      .toEqual(rows)
  })

  test('by hour, week and month, whole buckets, the empty ones too', async () => {
    for (const granularity of ['hour', 'week', 'month']) {
      const {body} = await ask(
        `/v1/content/${VIDEO}/timeseries?period=30d&granularity=${granularity}`,
      )
      const buckets = body['buckets'] as {start: string; end: string; metrics: Json}[]
      const rows = await sql(
        `SELECT b.start, count(e.id)::int AS events, coalesce(sum(e.duration_ms), 0)::float8 / 1000 AS seconds
         FROM unnest($1::timestamptz[], $2::timestamptz[]) AS b(start, stop)
         LEFT JOIN engagement_events e ON e.content_id = $3 AND e.event_ts >= b.start AND e.event_ts < b.stop
         GROUP BY b.start ORDER BY b.start`,
        [buckets.map(({start}) => start), buckets.map(({end}) => end), VIDEO],
      )
      expect(
        buckets.map(({metrics}) => [metrics['events'], metrics['engagement_seconds']]),
      ).toEqual(rows.map(row => [row['events'], row['seconds']]))
      expect(buckets.slice(1).map(({start}) => start)).toEqual(
        buckets.slice(0, -1).map(({end}) => end),
      )
    }
  })

  test.each(['event_type', 'device', 'content_type'])('broken down by %s', async dimension => {
    const {body} = await ask(`/v1/content/${VIDEO}/breakdowns/${dimension}`)
    const items = body['items'] as {value: string | null; metrics: Json}[]
    const rows = await sql(
      `SELECT ${dimension} AS value, count(*)::int AS events,
         count(*) FILTER (WHERE event_type = 'play')::int AS plays,
         coalesce(sum(duration_ms), 0)::float8 / 1000 AS engagement_seconds
       FROM engagement_events e JOIN content c ON c.id = e.content_id
       WHERE content_id = $1 GROUP BY 1`,
      [VIDEO],
    )
    const expected = new Map(rows.map(({value, ...figures}) => [value, figures]))
    expect(new Set(items.map(({value}) => value))).toEqual(new Set(expected.keys()))
    for (const {value, metrics} of items) expect(metrics).toMatchObject(expected.get(value)!)
  })

  test('percentiles are within 5 % of those of PostgreSQL', async () => {
    const {body} = await ask(`/v1/content/${VIDEO}/percentiles`)
    const seconds = body['engagement_seconds'] as Record<string, number>
    for (const [name, share] of Object.entries({
      p50: 0.5,
      p75: 0.75,
      p90: 0.9,
      p95: 0.95,
      p99: 0.99,
    })) {
      const [row] = await sql(
        `SELECT percentile_disc($2) WITHIN GROUP (ORDER BY duration_ms)::float8 / 1000 AS exact
         FROM engagement_events WHERE content_id = $1`,
        [VIDEO, share],
      )
      const exact = row!['exact'] as number
      expect(Math.abs(seconds[name]! - exact)).toBeLessThanOrEqual(exact * 0.05)
    }
  })

  test('retention counts at each hundredth of the content the stretches that cover it', async () => {
    const {body} = await ask(`/v1/content/${VIDEO}/retention`)
    const {
      basis,
      length_seconds: length,
      points,
    } = body as {
      basis: string
      length_seconds: number
      points: {audience: number; audience_watch_ratio: number}[]
    }
    // No event says where playback stood: each counts as watched from the beginning.
    expect(basis).toBe('watched_from_0')
    const rows = await sql(
      `SELECT count(e.id) FILTER (WHERE duration_ms > floor(point * $2::int / 100.0) * 1000)::int AS audience,
         count(e.id) FILTER (WHERE event_type = 'play')::float8 AS plays
       FROM generate_series(0, 99) point LEFT JOIN engagement_events e ON content_id = $1
       GROUP BY point ORDER BY point`,
      [VIDEO, length],
    )
    expect(points.map(point => [point.audience, point.audience_watch_ratio])).toEqual(
      rows.map(row => {
        const {audience, plays} = row as {audience: number; plays: number}
        return [audience, audience / plays]
      }),
    )
    expect(points[0]!.audience).toBeGreaterThan(points[3]!.audience)
  })

  test('GraphQL gives the same figures as REST', async () => {
    const query = `{content(id: "${VIDEO}") {title metrics {events plays engagement_seconds}}}`
    const {body} = await post('/graphql', {query})
    const [{events, plays, engagement_seconds}] = (await sql(`${FIGURES} WHERE content_id = $1`, [
      VIDEO,
    ])) as [Json]
    const {content} = body['data'] as {content: Json}
    expect(content['metrics']).toEqual({events, plays, engagement_seconds})
  })
})

describe('events', () => {
  test('pages of a cursor hold every event once, newest first', async () => {
    const ids: number[] = []
    let cursor: string | null = null
    do {
      const next = cursor === null ? '' : `&cursor=${cursor}`
      const {body} = await ask(`/v1/content/${VIDEO}/events?limit=40${next}`)
      ids.push(...(body['items'] as {event_id: number}[]).map(item => item.event_id))
      cursor = (body['page'] as {next_cursor: string | null}).next_cursor
    } while (cursor !== null)
    const rows = await sql(
      'SELECT id FROM engagement_events WHERE content_id = $1 ORDER BY event_ts DESC, id DESC',
      [VIDEO],
    )
    expect(ids).toEqual(rows.map(row => Number(row['id'])))
  })

  test('INV-60: a cursor of another list is refused', async () => {
    const {body} = await ask(`/v1/content/${VIDEO}/events?limit=2`)
    const cursor = (body['page'] as {next_cursor: string}).next_cursor
    const {status, body: problem} = await ask(`/v1/content/${PODCAST}/events?cursor=${cursor}`)
    expect(status).toBe(422)
    expect((problem['errors'] as Json[])[0]).toMatchObject({field: 'cursor'})
  })

  test('one event is found by its id, in its hash and after the hash has expired', async () => {
    const live = await ask('/v1/events/1')
    expect(live.body).toMatchObject({
      event_id: 1,
      engagement_seconds: 30,
      engagement_pct: 30 / 1800,
    })
    await world.redis.send(['DEL', 'engagement_events:event:1'])
    const stored = await ask('/v1/events/1')
    expect(stored.body['meta']).toMatchObject({source: 'cassandra'})
    expect({...stored.body, meta: 0}).toEqual({...live.body, meta: 0})
    expect((await ask('/v1/events/999999')).status).toBe(404)
  })

  test('lists come as CSV when that is asked for', async () => {
    const {headers, body} = await ask('/v1/top?period=all&by=events', {
      headers: {accept: 'text/csv'},
    })
    expect(headers.get('content-type')).toMatch('text/csv')
    expect(String(body['text']).split('\r\n')[0]).toBe('rank,content_id,title,events')
  })
})

test('the blocks of README can be pasted, and the written event is in the numbers', async () => {
  const readme = readFileSync('README.md', 'utf8')
  const block = (language: string): string =>
    new RegExp(`\`\`\`${language} run\\n(.*?)\`\`\``, 's').exec(readme)![1]!
  await sql(block('sql'))
  const lines = block('sh').trim().split('\n')
  expect(lines).toHaveLength(3)
  const answers: Json[] = []
  for (const line of lines) {
    const command = line.replaceAll('http://127.0.0.1:3000', url)
    const {stdout} = await promisify(execFile)('sh', ['-c', command])
    answers.push(JSON.parse(stdout) as Json)
  }
  const [metrics, series, written] = answers
  const id = 'c0ffee00-0000-4000-8000-000000000001'
  expect(metrics).toMatchObject({content: {id}, metrics: {events: expect.any(Number)}})
  expect(series!['buckets']).toHaveLength(7)
  expect(written).toMatchObject({status: 'processed'})
  const {body} = await ask(`/v1/content/${id}/metrics`)
  const [expected] = await sql(`${FIGURES} WHERE content_id = $1`, [id])
  expect(body['metrics']).toMatchObject(expected!)
})

test('every block of docs/API.md that says so runs, and only what is meant to be refused is', async () => {
  const page = readFileSync('docs/API.md', 'utf8')
  const blocks = [...page.matchAll(/^```sh run\n(.*?)```/gms)].map(([, block]) => block!)
  expect(blocks.length).toBeGreaterThan(10)
  const refused: string[] = []
  for (const block of blocks) {
    const command = block.replaceAll('http://127.0.0.1:3000', url)
    const {stdout} = await promisify(execFile)('sh', ['-ec', command])
    expect(stdout, block).not.toBe('')
    if (stdout.includes('"type":"/problems/')) refused.push(block)
  }
  expect(refused).toHaveLength(1)
  expect(refused[0]).toContain('/v1/content/7')
})

describe('writes go through PostgreSQL', () => {
  test('a written event is in the numbers when the writer asked to wait for it', async () => {
    const before = await ask(`/v1/content/${PODCAST}/metrics`)
    const {status, body} = await post('/v1/engagement-events?wait=processed&wait_ms=20000', {
      content_id: PODCAST,
      event_type: 'play',
      duration_ms: 5000,
    })
    expect([status, body['status']]).toEqual([201, 'processed'])
    const after = await ask(`/v1/content/${PODCAST}/metrics`)
    const eventsOf = (answer: {body: Json}) => (answer.body['metrics'] as {events: number}).events
    expect(eventsOf(after)).toBe(eventsOf(before) + 1)
  })

  test('an event without a content is a row of its own, and no content of a list', async () => {
    const event = {event_type: 'play', duration_ms: 9000}
    const {status} = await post('/v1/engagement-events?wait=processed', event)
    expect(status).toBe(201)
    const [expected] = await sql(`${FIGURES} WHERE content_id IS NULL`)
    const question = {metrics: Object.keys(expected!), date_range: 'all', dimensions: ['content']}
    const row = {dimensions: [null], metrics: Object.values(expected!)}
    const all = await post('/v1/query', question)
    expect(all.body['results']).toContainEqual(row)
    const filters = [['is', 'content', [null]]]
    expect((await post('/v1/query', {...question, filters})).body['results']).toEqual([row])
    for (const path of ['/v1/top', '/v1/top?period=all', '/v1/top?period=7d&by=events']) {
      const top = await ask(path)
      expect([path, top.status]).toEqual([path, 200])
      const items = top.body['items'] as {rank: number}[]
      expect(items.map(({rank}) => rank)).toEqual(items.map((_, i) => i + 1))
    }
    const {body} = await post('/graphql', {query: '{top {rank content {id}}}'})
    expect(body).not.toHaveProperty('errors')
  })

  test('many are written all or not at all, with the place of each fault', async () => {
    const [{n: before}] = (await sql('SELECT count(*) AS n FROM engagement_events')) as [Json]
    const unknown = '99999999-9999-9999-9999-999999999999'
    const {status, body} = await post('/v1/engagement-events', {
      events: [{event_type: 'play'}, {event_type: 'play', content_id: unknown}],
    })
    expect(status).toBe(422)
    expect(body['errors']).toMatchObject([{field: '/events/1/content_id', value: unknown}])
    const [{n: after}] = (await sql('SELECT count(*) AS n FROM engagement_events')) as [Json]
    expect(after).toBe(before)
  })

  test('INV-63: requests with one Idempotency-Key have one effect and one answer', async () => {
    const event = {event_type: 'click', device: 'idempotent'}
    const headers = {'idempotency-key': 'key-1'}
    const answers = await Promise.all(
      Array.from({length: 5}, () => post('/v1/engagement-events', event, headers)),
    )
    expect(new Set(answers.map(({body}) => JSON.stringify(body['event_ids']))).size).toBe(1)
    const rows = await sql(`SELECT FROM engagement_events WHERE device = 'idempotent'`)
    expect(rows).toHaveLength(1)
    const other = await post('/v1/engagement-events', {event_type: 'play'}, headers)
    expect(other.status).toBe(409)
  })

  test('INV-63: an asynchronous activity is accepted, done once, and told', async () => {
    const {status, body, headers} = await post(
      '/api/activity',
      {user_id: 'async', activity_type: 'page_view', metadata: {page: '/async'}},
      {prefer: 'respond-async'},
    )
    expect(status).toBe(202)
    expect(headers.get('preference-applied')).toBe('respond-async')
    const live = await fetch(`${url}${String(body['live_url'])}`)
    expect(await live.text()).toMatch(/event: request\ndata: .*"status":"done"/)
    const state = await ask(headers.get('location')!)
    expect(state.body).toMatchObject({status: 'done'})
    expect(await sql(`SELECT FROM activity_events WHERE user_id = 'async'`)).toHaveLength(1)
    const id = state.body['event_id'] as number
    const days = await ask(`/v1/users/async/days?after_event=activity:${id}&${WAIT}`)
    expect(days.body['items']).toMatchObject([{activity_type: 'page_view', count: 1}])
    // INV-144: what was done lately is in Redis.
    const [stats, recent] = [
      await ask('/v1/users/async/stats'),
      await ask('/v1/users/async/activity'),
    ]
    expect(stats.body).toMatchObject({by_type: {page_view: 1}, meta: {source: 'redis'}})
    expect(recent.body).toMatchObject({
      items: [{event_id: id, metadata: {page: '/async'}}],
      page: {next_cursor: null},
      meta: {source: 'redis'},
    })
    const pages = await ask(`/v1/pages?after_event=activity:${id}&${WAIT}`)
    expect(pages.body['items']).toContainEqual({page: '/async', views: 1})
  })

  test('content that was added is listed, changed and deleted; a taken slug is a conflict', async () => {
    const made = await post('/v1/content', {slug: 'made', title: 'Made'})
    expect(made.status).toBe(201)
    const {id} = made.body['content'] as {id: string}
    expect((await post('/v1/content', {slug: 'made', title: 'Again'})).status).toBe(409)
    const change = {method: 'PATCH', headers: {'content-type': 'application/json'}}
    const changed = await ask(`/v1/content/${id}`, {...change, body: '{"length_seconds":60}'})
    expect(changed.body['content']).toMatchObject({length_seconds: 60, slug: 'made'})
    const found = await ask('/v1/content?search=MADE')
    expect((found.body['items'] as Json[]).map(item => item['id'])).toEqual([id])
    expect((await ask(`/v1/content/${id}`, {method: 'DELETE'})).status).toBe(204)
    expect((await ask(`/v1/content/${id}`)).status).toBe(404)
    expect((await ask(`/v1/content/${PODCAST}`, {method: 'DELETE'})).status).toBe(409)
  })

  test('a traceparent reaches the headers of the outbox row', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    await post('/api/activity', {user_id: 'traced', activity_type: 'x'}, {traceparent})
    const rows = await sql(`SELECT headers FROM outbox_events WHERE key = 'traced'`)
    expect(JSON.stringify(rows)).toContain(traceparent)
  })
})

describe('read-your-writes', () => {
  test('INV-67: an event that does not exist gives 202 with the lag when the time is up', async () => {
    const {status, body} = await ask(
      `/v1/content/${PODCAST}/metrics?after_event=88888888&wait_ms=50`,
    )
    expect(status).toBe(202)
    expect(body).toMatchObject({status: 'pending', lag: {event_committed: false}})
  })

  test('INV-67: twenty events inserted by SQL are each in the answer that waits for them', async () => {
    for (let i = 0; i < 20; i++) {
      const [row] = await sql(
        `INSERT INTO engagement_events (content_id, event_type, event_ts) VALUES ($1, 'click', now()) RETURNING id`,
        [PODCAST],
      )
      const path = `/v1/content/${PODCAST}/metrics?after_event=${String(row!['id'])}&${WAIT}`
      const {status, body} = await ask(path)
      expect(status).toBe(200)
      const [expected] = await sql(`${FIGURES} WHERE content_id = $1`, [PODCAST])
      expect(body['metrics']).toMatchObject({events: expected!['events']})
    }
  })
})

/** Reads a stream until its text matches, then leaves. */
async function readUntil(
  path: string,
  pattern: RegExp,
  headers: Record<string, string> = {},
): Promise<string> {
  const leave = new AbortController()
  const answer = await fetch(`${url}${path}`, {signal: leave.signal, headers})
  let text = ''
  try {
    const timer = setTimeout(() => leave.abort(new Error(`not seen: ${pattern}`)), 20_000)
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (pattern.test(text)) {
        clearTimeout(timer)
        return text
      }
    }
    throw new Error(`the stream ended without ${pattern}: ${text}`)
  } finally {
    leave.abort()
  }
}

describe('live streams', () => {
  test('figures of a content come at once, and again when an event changes them', async () => {
    const path = `/v1/live/content/${PODCAST}`
    const seen = readUntil(path, /event: content[\s\S]+event: content[\s\S]+"clicks"/)
    await readUntil(path, /event: content/)
    await post('/v1/engagement-events', {content_id: PODCAST, event_type: 'click'})
    expect(await seen).toMatch(/^retry: 1000/)
  })

  test('a GraphQL subscription has an event inserted by SQL in its figures, within two seconds', async () => {
    const live = subscribe(
      url,
      `subscription {content_metrics(id: "${PODCAST}") {content {id} metrics {events clicks}}}`,
    )
    type Next = {payload: {data: {content_metrics: {metrics: {events: number; clicks: number}}}}}
    const figures = async () =>
      ((await live.next()).value as Next).payload.data.content_metrics.metrics
    const before = await figures()
    const start = performance.now()
    await sql(
      `INSERT INTO engagement_events (content_id, event_type, event_ts) VALUES ($1, 'click', now())`,
      [PODCAST],
    )
    const after = await figures()
    const elapsedMs = performance.now() - start
    await live.return(undefined)
    expect([after.events - before.events, after.clicks - before.clicks]).toEqual([1, 1])
    expect(elapsedMs).toBeLessThan(2000)
    const [expected] = await sql(
      `SELECT count(*)::int AS events, count(*) FILTER (WHERE event_type = 'click')::int AS clicks
       FROM engagement_events WHERE content_id = $1`,
      [PODCAST],
    )
    expect(after).toEqual(expected)
  })

  test('the platform comes each second, with its history first', async () => {
    expect(await readUntil('/v1/live/platform', /event: history[\s\S]+event: platform/)).toMatch(
      'page_views',
    )
  })

  test('records come as they arrive, and go on after Last-Event-ID without loss', async () => {
    const first = readUntil('/v1/live/activity', /"user_id":"live-1"/)
    let isSeen = false
    void first.then(() => (isSeen = true)).catch(() => undefined)
    // The stream begins where the topic ends once its reading has started: until then it is history.
    await until('an activity in the stream', async () => {
      await post('/api/activity?wait=processed', {user_id: 'live-1', activity_type: 'x'})
      return isSeen
    })
    const id = /id: (\S+)\nevent: activity\n(?=data: [^\n]*live-1)/.exec(await first)![1]!
    await post('/api/activity?wait=processed', {user_id: 'live-2', activity_type: 'x'})
    await post('/api/activity?wait=processed', {user_id: 'live-3', activity_type: 'x'})
    const text = await readUntil('/v1/live/activity', /"user_id":"live-3"/, {'last-event-id': id})
    expect(text).toMatch(/live-2/)
    expect(text).not.toContain(`id: ${id}\n`)
  })
})

describe('the pipeline from inside', () => {
  test('the way of an event is found in every store', async () => {
    const {body} = await ask(`/v1/admin/trace/engagement/${last}`)
    const stages = body['stages'] as {stage: string; found: boolean; at: string | null}[]
    // The slot of the outbox may have been rotated meanwhile; then the answer says so.
    const kept = stages.filter(({stage}) => stage !== 'outbox')
    expect(kept.map(({stage, found}) => [stage, found])).toEqual([
      ['postgresql', true],
      ['kafka', true],
      ['cassandra', true],
      ['redis', true],
    ])
    expect(kept.filter(({at}) => Number.isNaN(Date.parse(at ?? '')))).toEqual([])
    expect(body['commit_to_visible_ms']).toBeGreaterThan(0)
  })

  test('records are decoded with schema and bytes; topics, groups and lanes are listed', async () => {
    const topic = `${world.env['TOPIC_PREFIX']}engagement_events`
    const {body} = await ask(`/v1/admin/topics/${topic}/messages?limit=3&key=${PODCAST}`)
    const items = body['items'] as {
      key: string
      value: {content_id: string}
      schema_id: number
      raw: string
    }[]
    expect(items).toHaveLength(3)
    for (const {key, value, schema_id: schema, raw} of items) {
      expect([key, value.content_id]).toEqual([PODCAST, PODCAST])
      expect(Buffer.from(raw, 'base64').readInt32BE(1)).toBe(schema)
    }
    expect((await ask('/v1/admin/topics/nope')).status).toBe(404)
    const pipeline = await ask('/v1/admin/pipeline')
    expect(pipeline.body).toMatchObject({lanes: [{lane: 0}], dead_letters: {outbox: 0}})
    expect((pipeline.body['stores'] as {ok: boolean}[]).every(({ok}) => ok)).toBe(true)
  })

  test('keys are made, work by their scope, and are revoked', async () => {
    const made = await post('/v1/admin/keys', {name: 'reader', scopes: ['read']})
    const headers = {authorization: `Bearer ${String(made.body['key'])}`}
    expect((await ask('/v1/active', {headers})).status).toBe(200)
    expect((await ask('/v1/admin/keys', {headers})).status).toBe(403)
    const listed = JSON.stringify((await ask('/v1/admin/keys')).body)
    expect(listed).not.toContain(String(made.body['key']))
    const prefix = String(made.body['prefix'])
    expect((await ask(`/v1/admin/keys/${prefix}`, {method: 'DELETE'})).status).toBe(204)
    expect((await ask('/v1/active', {headers})).status).toBe(401)
  })
})

test('without Redis figures come from Cassandra, and say so; with it they come back by themselves', async () => {
  await world.redis.send(['FLUSHDB'])
  const {status, body} = await ask(`/v1/content/${VIDEO}/metrics`)
  expect(status).toBe(200)
  const [expected] = await sql(`${FIGURES} WHERE content_id = $1`, [VIDEO])
  expect(body['metrics']).toMatchObject(expected!)
  const {meta} = body as {meta: {source: string; notes: string[]}}
  expect([meta.source, meta.notes.length]).toEqual(['cassandra', 1])
  await until(
    'an owner keeps Redis up to date again',
    async () => {
      const again = await ask(`/v1/content/${VIDEO}/metrics`)
      return (again.body['meta'] as {notes: string[]}).notes.length === 0
    },
    30_000,
  )
})

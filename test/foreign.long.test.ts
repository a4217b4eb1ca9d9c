/**
 * A database of others, from init to the answers: tables, names, types and ids that are not ours, none of our tables.
 * What the API says of them is what SQL says.
 */
import {afterAll, beforeAll, expect, test} from 'vitest'
import {loadStreams} from '../streams/load.ts'
import {FIGURES, MEDIA_SQL, VIDEOS, writeHistory} from './foreign-history.ts'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet, whenCommitted} from './quiet.ts'

type Row = Readonly<Record<string, unknown>>

const FOLDER = 'test/streams-foreign'
let world: PipelineWorld
let url: string

beforeAll(async () => {
  world = await openPipelineWorld({STREAMS_FOLDER: FOLDER}, MEDIA_SQL, {migrated: false})
  const [, , api] = await Promise.all(
    (['ingestor', 'processor', 'api'] as const).map(name => world.start(name)),
  )
  url = api!.url
  await writeHistory(world.pool)
  await whenCommitted(world)
})
afterAll(async () => await world?.[Symbol.asyncDispose]())

async function ask(path: string, body?: object): Promise<{status: number; body: Row}> {
  const answer = await fetch(`${url}${path}`, {
    ...(body === undefined ? {} : {method: 'POST', body: JSON.stringify(body)}),
    headers: {'content-type': 'application/json'},
  })
  return {status: answer.status, body: (await answer.json()) as Row}
}

async function get<T = Row>(path: string, question?: object): Promise<T> {
  const {status, body} = await ask(path, question)
  if (status !== 200) throw new Error(`${path} answers ${status}: ${JSON.stringify(body)}`)
  return body as T
}

const sql = async (text: string, values: readonly unknown[] = []): Promise<Row[]> =>
  (await world.pool.query<Record<string, unknown>>(text, [...values])).rows

const ofVideo = async (id: number, more = ''): Promise<Row> =>
  (await sql(`SELECT ${FIGURES} FROM media.watch_log WHERE video = $1 ${more}`, [id]))[0]!

/** The figures that SQL has, of those that were answered; floats as near as floats are. */
function expectFigures(answered: Row, expected: Row, what: string): void {
  for (const [name, value] of Object.entries(expected)) {
    const found = answered[name]
    if (typeof value === 'number') expect(found, `${name} of ${what}`).toBeCloseTo(value, 9)
    else expect(found, `${name} of ${what}`).toBe(value)
  }
}

const itemsOf = (answer: Row): readonly Row[] => answer['items'] as readonly Row[]
const metricsOf = (item: Row | undefined): Row => item?.['metrics'] as Row

test('INV-135: all that is stored is what SQL over its tables says', async () => {
  expect(await differencesWhenQuiet(world)).toEqual([])
})

test('INV-133: init leaves the application its tables and names, and adds three schemas and the outbox', async () => {
  const schemas = await sql(
    `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`,
  )
  expect(schemas.map(({name}) => name)).toEqual(['api', 'cdc', 'jobs', 'media', 'public'])
  const others = await sql(
    `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relnamespace = ANY('{public,media}'::regnamespace[])
        AND relkind IN ('r', 'p', 'v') ORDER BY 1`,
  )
  expect(others.map(({name}) => name)).toEqual([
    'content',
    'media.videos',
    'media.watch_log',
    'outbox_events',
    'outbox_status',
  ])
  expect(await sql('SELECT mail FROM outbox_events')).toEqual([{mail: 'of the application'}])
})

test('INV-134: contents are listed and found by the names and ids of their table', async () => {
  const list = itemsOf(await get('/v1/content?order=title'))
  expect(list).toEqual([
    // Without a name it is called by its id.
    {
      id: '2',
      slug: '2',
      title: '2',
      content_type: 'trailer',
      length_seconds: null,
      publish_ts: null,
    },
    {
      id: '1',
      slug: '1',
      title: 'Cooking',
      content_type: 'course',
      length_seconds: 90,
      publish_ts: null,
    },
    {
      id: String(VIDEOS[2]),
      slug: String(VIDEOS[2]),
      title: 'Long',
      content_type: 'course',
      length_seconds: 7200,
      publish_ts: null,
    },
  ])
  const first = await get<{items: Row[]; page: {next_cursor: string}}>('/v1/content?limit=2')
  const second = itemsOf(await get(`/v1/content?limit=2&cursor=${first.page.next_cursor}`))
  expect([...first.items, ...second].map(({id}) => id)).toEqual([String(VIDEOS[2]), '2', '1'])
  expect(itemsOf(await get('/v1/content?content_type=trailer')).map(({id}) => id)).toEqual(['2'])
  expect(await get('/v1/content/1')).toMatchObject({content: {title: 'Cooking'}})
  expect(await ask('/v1/content/3')).toMatchObject({status: 404})
  expect(await ask('/v1/content/cooking')).toMatchObject({
    status: 400,
    body: {errors: [{in: 'path', field: 'id', value: 'cooking'}]},
  })
})

test('INV-135: totals, shares and types of each content are what SQL says', async () => {
  for (const id of VIDEOS) {
    const {metrics, content} = await get<{metrics: Row; content: Row}>(`/v1/content/${id}/metrics`)
    const expected = await ofVideo(id)
    expectFigures(metrics, expected, `video ${id}`)
    const length = content['length_seconds'] as number | null
    const seconds = expected['engagement_seconds'] as number
    if (length === null) expect(metrics['engagement_pct_sum']).toBeNull()
    else expect(metrics['engagement_pct_sum']).toBeCloseTo(seconds / length, 9)
    const types = itemsOf(await get(`/v1/content/${id}/breakdowns/event_type`))
    const rows = await sql(
      `SELECT what AS value, count(*)::int AS events, coalesce(sum(ms), 0)::float8 / 1000 AS engagement_seconds
         FROM media.watch_log WHERE video = $1 GROUP BY what`,
      [id],
    )
    expect(types).toHaveLength(rows.length)
    for (const {value, ...figures} of rows) {
      expectFigures(metricsOf(types.find(one => one['value'] === value)), figures, String(value))
    }
  }
  expect(await ask('/v1/content/1/breakdowns/device')).toMatchObject({status: 422})
})

test('INV-135: series, the top list and retention are what SQL says', async () => {
  const {buckets} = await get<{buckets: {start: string; end: string; metrics: Row}[]}>(
    '/v1/content/1/timeseries?granularity=hour&period=7d',
  )
  expect(buckets.reduce((sum, {metrics}) => sum + Number(metrics['events']), 0)).toBe(
    (await ofVideo(1))['events'],
  )
  for (const {start, end, metrics} of buckets.filter(({metrics: own}) => own['events'] !== 0)) {
    const within = `AND at >= '${start}' AND at < '${end}'`
    expectFigures(metrics, await ofVideo(1, within), start)
  }
  const top = itemsOf(await get('/v1/top?by=plays&period=all'))
  const rows = await sql(
    `SELECT video::text AS id, count(*)::int AS plays FROM media.watch_log
      WHERE what IN ('start', 'resume') AND video IS NOT NULL GROUP BY video ORDER BY 2 DESC`,
  )
  expect(top.map(({content, value}) => ({id: (content as Row)['id'], plays: value}))).toEqual(rows)
  const {points, basis} = await get<{points: Row[]; basis: string}>('/v1/content/1/retention')
  expect(basis).toBe('watched_from_0')
  const [half] = await sql(
    `SELECT count(*)::int AS audience FROM media.watch_log WHERE video = 1 AND ms > 0 AND ms / 1000 > 45`,
  )
  expect(points[50]).toMatchObject({elapsed_ratio: 0.5, ...half})
})

test('INV-135: questions over all contents are what SQL says, with types that nobody named', async () => {
  const {results} = await get<{results: {dimensions: string[]; metrics: number[]}[]}>('/v1/query', {
    metrics: ['events', 'plays'],
    dimensions: ['content_type', 'event_type'],
    date_range: 'all',
    filters: [['is', 'event_type', ['seek', 'start', 'nothing']]],
  })
  const rows = await sql(
    `SELECT kind, what, count(*)::int AS events, count(*) FILTER (WHERE what = 'start')::int AS plays
       FROM media.watch_log LEFT JOIN media.videos v ON v.id = video WHERE what IN ('seek', 'start') GROUP BY 1, 2`,
  )
  const shown = (list: readonly unknown[]): string => JSON.stringify(list)
  expect(
    results.map(({dimensions, metrics}) => shown([...dimensions, ...metrics])).toSorted(),
  ).toEqual(
    rows.map(({kind, what, events, plays}) => shown([kind, what, events, plays])).toSorted(),
  )
  const one = await get<{results: {metrics: number[]}[]}>('/v1/query', {
    metrics: ['events'],
    date_range: 'all',
    filters: [['is', 'content', ['1']]],
  })
  expect(one.results[0]!.metrics).toEqual([(await ofVideo(1))['events']])
})

test('INV-134: events have the ids of their tables, and a new one is in the numbers when it is awaited', async () => {
  const [row] = await sql(
    `INSERT INTO media.watch_log (video, viewer, what, at, ms) VALUES (2, 'new', 'done', now(), 5000) RETURNING entry`,
  )
  const entry = row!['entry'] as string
  const after = `after_event=engagement:${entry}&wait_ms=20000`
  const {metrics} = await get<{metrics: Row}>(`/v1/content/2/metrics?${after}`)
  expectFigures(metrics, await ofVideo(2), 'video 2')
  const event = {
    event_id: entry,
    content_id: '2',
    user_id: 'new',
    event_type: 'done',
    duration_ms: 5000,
    device: null,
    content_type: 'trailer',
    engagement_seconds: 5,
    engagement_pct: null,
  }
  expect(itemsOf(await get(`/v1/content/2/events?limit=1&${after}`))).toMatchObject([event])
  expect(await until('the event', async () => await get(`/v1/events/${entry}`))).toMatchObject(
    event,
  )
  expect(itemsOf(await get('/v1/content/2/events?event_type=seek'))).toEqual([])
})

test('INV-134: GraphQL has contents, events and questions of these tables, with their ids and types', async () => {
  const [row] = await sql(
    `SELECT entry, what FROM media.watch_log WHERE video = 1 ORDER BY at DESC, entry LIMIT 1`,
  )
  const {data, errors} = await get<{data: Row; errors?: unknown}>('/graphql', {
    query: `query ($entry: ID!) {
      content(id: "1") {id title content_type publish_ts metrics {events plays}}
      contents(content_type: "trailer") {id}
      top(by: plays, period: "all") {content {id} value}
      event(id: $entry) {event_id event_type content {id}}
      query(metrics: ["events"], date_range: "all", dimensions: ["content"]) {results {dimensions metrics}}}`,
    variables: {entry: row!['entry']},
  })
  expect(errors).toBeUndefined()
  const {events, plays} = await ofVideo(1)
  expect(data).toMatchObject({
    content: {
      id: '1',
      title: 'Cooking',
      content_type: 'course',
      publish_ts: null,
      metrics: {events, plays},
    },
    contents: [{id: '2'}],
    event: {event_id: row!['entry'], event_type: row!['what'], content: {id: '1'}},
  })
  const {results} = data['query'] as {results: {dimensions: string[]; metrics: number[]}[]}
  expect(results.find(({dimensions}) => dimensions[0] === '1')!.metrics).toEqual([events])
  for (const [field, id] of [
    ['content', 'cooking'],
    ['event', '7'],
  ]) {
    const refused = await get<{errors: Row[]}>('/graphql', {
      query: `{${field}(id: "${id}") {__typename}}`,
    })
    expect(refused.errors[0]).toMatchObject({extensions: {errors: [{in: 'argument', field: 'id'}]}})
  }
})

test('INV-136: what is not declared is not there, says so, and stands in no document', async () => {
  const names = (await loadStreams(FOLDER)).map(({name}) => name).join(', ')
  expect(names).toBe('content, engagement')
  for (const path of ['/v1/users/u/stats', '/v1/pages?limit=3', '/v1/activity-events']) {
    expect(await ask(path), path).toMatchObject({
      status: 404,
      body: {detail: `there is no activity in this pipeline; its streams are ${names}`},
    })
  }
  expect(await ask('/v1/engagement-events', {event_type: 'start'})).toMatchObject({
    status: 404,
    body: {detail: 'engagement is of media.watch_log here, which its application writes, by SQL'},
  })
  expect(await ask('/v1/content', {slug: 'x', title: 'x'})).toMatchObject({status: 405})
  const document = await get<{paths: Readonly<Record<string, {get?: {parameters: Row[]}}>>}>(
    '/openapi.json',
  )
  const paths = Object.keys(document.paths)
  expect(paths.filter(path => /users|pages|activity-|engagement-events/.test(path))).toEqual([])
  const id = document.paths['/v1/content/{id}/metrics']!.get!.parameters.find(
    ({name}) => name === 'id',
  )
  expect(id).toMatchObject({name: 'id', schema: {pattern: '^-?\\d{1,16}$'}})
  expect(await get('/v1/platform')).toMatchObject({page_views: null, top: expect.any(Array)})
})

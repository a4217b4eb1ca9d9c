/** Figures that are chosen by `metrics`: what is read for them, and what is answered. */
import {fastify} from 'fastify'
import {expect, onTestFinished, test, vi} from 'vitest'
import type {Api} from '../app.ts'
import {METRIC_NAMES, type MetricName} from '../measures.ts'
import {addAnswerTypes} from '../plugins/answer-types.ts'
import {addValidation} from '../plugins/validation.ts'
import type {TopOptions} from '../reads/reads.ts'
import {ProblemSchema} from '../schemas/common.ts'
import {addMetricsRoutes} from './metrics.ts'
import {addPlatformRoutes} from './platform.ts'

const ID = '11111111-1111-1111-1111-111111111111'
const CONTENT = {
  id: ID,
  slug: 's',
  title: 'T',
  content_type: null,
  length_seconds: 60,
  publish_ts: '2026-01-01T00:00:00.000000Z',
}
const META = {source: 'redis', newest_event_at: null, age_ms: 0, notes: []} as const

/** What is wanted is 7, times and everything else are not known. */
const figuresOf = (wanted: readonly MetricName[] = METRIC_NAMES) =>
  Object.fromEntries(
    METRIC_NAMES.map(name => [name, wanted.includes(name) && !name.endsWith('_at') ? 7 : null]),
  )

/** The first figures of an answer. */
const figuresIn = (body: string): object => {
  return JSON.parse(/"metrics":(\{[^}]*\})/.exec(body)![1]!) as object
}

async function setup() {
  const answer = async <T>(value: T) => await Promise.resolve({value, meta: META})
  const reads = {
    content: async () => await Promise.resolve(CONTENT),
    metrics: vi.fn(async (_content, _period, wanted?: readonly MetricName[]) => {
      return await answer(figuresOf(wanted))
    }),
    series: vi.fn(async (_content, buckets: readonly object[], wanted?: readonly MetricName[]) => {
      return await answer(buckets.map(bucket => ({...bucket, metrics: figuresOf(wanted)})))
    }),
    breakdown: vi.fn(async (_content, _by, _period, wanted?: readonly MetricName[]) => {
      return await answer([{value: 'tv', metrics: figuresOf(wanted)}])
    }),
    top: vi.fn(async (_by: string, _period: unknown, _limit: number, {metrics}: TopOptions) => {
      const row = {rank: 1, content: CONTENT, value: 9.5}
      const figures = Object.fromEntries((metrics ?? []).map(name => [name, 7]))
      return await answer([metrics === undefined ? row : {...row, metrics: figures}])
    }),
  }
  const app = fastify() as unknown as Api
  onTestFinished(async () => await app.close())
  addValidation(app)
  app.addSchema(ProblemSchema)
  addAnswerTypes(app)
  const readAfter = async (
    _query: unknown,
    _stores: unknown,
    _reply: unknown,
    read: () => Promise<object>,
  ) => await read()
  const deps = {reads, readAfter, cursors: {}} as never
  addMetricsRoutes(app, deps)
  addPlatformRoutes(app, deps)
  const ask = async (url: string, accept = 'application/json') =>
    await app.inject({url, headers: {accept}})
  return {ask, reads}
}

test.each([
  [`/v1/content/${ID}/metrics?`, 'metrics', 'content_id'],
  [`/v1/content/${ID}/timeseries?from=2026-01-01&to=2026-01-03&`, 'series', 'start,end'],
  [`/v1/content/${ID}/breakdowns/device?`, 'breakdown', 'device'],
] as const)(
  '%s: only the chosen figures are read and answered, as JSON and as CSV',
  async (path, what, first) => {
    const {ask, reads} = await setup()
    for (const list of ['metrics=plays,events', 'metrics=plays&metrics=events,plays']) {
      expect(figuresIn((await ask(path + list)).body)).toEqual({plays: 7, events: 7})
      expect(reads[what].mock.lastCall!.at(-1)).toEqual(['plays', 'events'])
      const csv = await ask(path + list, 'text/csv')
      expect(csv.body.split('\r\n', 1)[0]).toBe(`${first},plays,events`)
    }
    expect(Object.keys(figuresIn((await ask(path)).body))).toEqual(METRIC_NAMES)
    expect(reads[what].mock.lastCall!.at(-1)).toBeUndefined()
  },
)

test('a top list tells chosen figures of each content, from the window where that has them', async () => {
  const {ask, reads} = await setup()
  const path = '/v1/top?metrics=plays,unique_viewers&decimals=0'
  expect((await ask(path)).json()).toMatchObject({
    by: 'engagement_seconds',
    items: [{rank: 1, content: CONTENT, value: 10, metrics: {plays: 7, unique_viewers: 7}}],
  })
  expect(reads.top.mock.lastCall!.slice(0, 2)).toEqual(['engagement_seconds', 'window'])
  const csv = await ask(path, 'text/csv')
  expect(csv.body).toBe(
    `rank,content_id,title,engagement_seconds,plays,unique_viewers\r\n1,${ID},T,10,7,7\r\n`,
  )
  await ask('/v1/top?metrics=plays,finishes')
  expect(reads.top.mock.lastCall![1]).toMatchObject({to: expect.any(Number)})
  expect((await ask('/v1/top')).json<{items: object[]}>().items[0]).not.toHaveProperty('metrics')
})

test('percentiles read what they are made of', async () => {
  const {ask, reads} = await setup()
  const {body} = await ask(`/v1/content/${ID}/percentiles`)
  expect(JSON.parse(body)).toMatchObject({
    events_with_duration: 7,
    engagement_seconds: {p50: 7, p75: 7, p90: 7, p95: 7, p99: 7},
  })
  expect(reads.metrics.mock.lastCall![2]).toHaveLength(6)
})

import {expect, test} from 'vitest'
import {ContentState} from '../../readmodel/content-state.ts'
import {emptySums} from '../../readmodel/leaderboard-state.ts'
import {
  keepRecent,
  parseBuckets,
  quantile,
  rateOf,
  rateOfMinutes,
  subtractBuckets,
  type Buckets,
  type Sample,
} from './flow-rates.ts'
import {createOverview, type OverviewDeps} from './overview.ts'

test('a rate is what a growing number grew by, over the last seconds only', () => {
  let samples: readonly Sample[] = []
  expect(rateOf(samples)).toBeNull()
  for (let s = 0; s <= 60; s++)
    samples = keepRecent(samples, {at: s * 1000, count: s < 30 ? 0 : (s - 30) * 100})
  expect(rateOf(samples)).toBe(100)
  expect(samples.length).toBeLessThanOrEqual(7)
  // Begun anew: no rate below zero.
  expect(rateOf(keepRecent(samples, {at: 61_000, count: 5}))).toBeNull()
})

test('a minute that has just begun counts with the one before it', () => {
  expect(rateOfMinutes(0, 600, 0)).toBe(10)
  expect(rateOfMinutes(300, 600, 30)).toBe(10)
  expect(rateOfMinutes(600, 600, 60)).toBe(10)
})

const TEXT = `# TYPE processor_freshness_seconds histogram
processor_freshness_seconds_bucket{le="0.01",stream="engagement",store="redis"} 50
processor_freshness_seconds_bucket{le="0.02",stream="engagement",store="redis"} 90
processor_freshness_seconds_bucket{le="+Inf",stream="engagement",store="redis"} 100
processor_freshness_seconds_bucket{le="0.01",stream="activity",store="redis"} 50
processor_freshness_seconds_bucket{le="0.02",stream="activity",store="redis"} 90
processor_freshness_seconds_bucket{le="+Inf",stream="activity",store="redis"} 100
processor_freshness_seconds_bucket{le="0.01",stream="engagement",store="cassandra"} 7
processor_freshness_seconds_sum{stream="engagement",store="redis"} 3
`

test('quantiles come from the buckets that grew between two looks', () => {
  const buckets = parseBuckets(TEXT, 'processor_freshness_seconds', 'store="redis"')
  expect([...buckets]).toEqual([
    [0.01, 100],
    [0.02, 180],
    [Infinity, 200],
  ])
  expect(quantile(buckets, 0.5)).toBeCloseTo(0.01)
  expect(quantile(buckets, 0.7)).toBeCloseTo(0.015)
  expect(quantile(buckets, 0.99)).toBe(0.02)
  expect(quantile(new Map(), 0.5)).toBeNull()
  const later = new Map(
    [...buckets].map(([bound, count]) => [bound, count + (bound > 0.01 ? 10 : 0)]),
  )
  expect(quantile(subtractBuckets(later, buckets), 0.5)).toBeCloseTo(0.015)
  // A process that began anew has less than before.
  expect(subtractBuckets(buckets, later)).toBe(buckets)
})

function setup() {
  let clock = Date.UTC(2026, 0, 31, 12, 0, 30)
  let offset = 100
  const minute = new ContentState()
  const device = minute.ensureDevice('ios')
  const cell = device * 4
  minute.addEvents(cell, 60)
  minute.addDurations(cell, 60, 120_000)
  const board = new Map([['c1', emptySums()]])
  board.get('c1')!.durationMs[0] = 90_000
  board.get('c1')!.events[0] = 3
  const pages = new Map([
    ['/a', 5],
    ['/b', 7],
  ])
  let complete = true
  const lease = () => [{generation: 1, offset, leftMs: 900}]
  const start = Math.floor(clock / 60_000) * 60
  const deps: OverviewDeps = {
    now: () => clock,
    live: async () =>
      await Promise.resolve({
        engagement: {
          leases: async () => await Promise.resolve(lease()),
          leaderboard: async () => await Promise.resolve(complete ? board : null),
          activeUsers: async () => await Promise.resolve(4),
          platformMinutes: async () => await Promise.resolve([{start: start - 60, state: minute}]),
        },
        activity: {
          leases: async () => await Promise.resolve([null]),
          pages: async () => await Promise.resolve(pages),
          minutes: async () =>
            await Promise.resolve([{start: start - 60, events: 60, pageViews: 30}]),
        },
      }),
    content: async id =>
      await Promise.resolve({
        id,
        slug: id,
        title: 'One',
        content_type: 'video',
        length_seconds: 60,
        publish_ts: '',
      } as const),
    freshness: async () =>
      await Promise.resolve<Buckets>(
        new Map([
          [0.02, offset],
          [Infinity, offset],
        ]),
      ),
  }
  return {
    overview: createOverview(deps),
    advance: (ms: number, records: number): void => {
      clock += ms
      offset += records
      pages.set('/a', pages.get('/a')! + records)
    },
    lose: (): void => void (complete = false),
  }
}

test('each second shows what grew since, the best contents and the most viewed pages', async () => {
  const {overview, advance} = setup()
  const first = (await overview.source.read([''])).get('')!
  expect(first.data).toMatchObject({
    events_per_second: null,
    active_users: 4,
    page_views: 12,
    engagement_seconds_per_second: 1,
    top: [{rank: 1, content: {id: 'c1'}, value: 90, plays: 3}],
    pages: [
      {page: '/b', views: 7},
      {page: '/a', views: 5},
    ],
  })
  advance(1000, 50)
  const second = (await overview.source.read([''])).get('')!
  expect(second.version).not.toBe(first.version)
  expect(second.data).toMatchObject({
    events_per_second: 50,
    page_views_per_second: 50,
    page_views: 62,
    latency_ms_p50: 10,
  })
})

test('the history has a point each ten seconds for half an hour, also from before the start', async () => {
  const {overview, advance} = setup()
  for (let i = 0; i < 400; i++) {
    await overview.source.read([''])
    advance(10_000, 100)
  }
  const {data} = await overview.history()
  const {points} = data as {points: readonly {at: string; events_per_second: number | null}[]}
  expect(points.length).toBeGreaterThanOrEqual(180)
  expect(points.length).toBeLessThanOrEqual(182)

  const fresh = setup()
  await fresh.overview.source.read([''])
  const {points: older} = (await fresh.overview.history()).data as {points: typeof points}
  expect(older.length).toBeGreaterThanOrEqual(175)
  // 60 events and 60 activities in the minute before.
  expect(older.map(point => point.events_per_second)).toContain(2)
})

test('without complete figures in Redis it fails, so that the stream says that it is stale', async () => {
  const {overview, lose} = setup()
  lose()
  await expect(overview.source.read([''])).rejects.toThrow('no complete figures')
})

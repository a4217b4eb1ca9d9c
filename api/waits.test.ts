import {expect, test} from 'vitest'
import {createMetrics} from '../platform/metrics.ts'
import {createApiMetrics} from './metrics.ts'
import {createWaits, nextLookMs, shareReads, type WaitDeps} from './waits.ts'

function setup(deps: Partial<WaitDeps>) {
  const metrics = createApiMetrics(createMetrics())
  return createWaits(
    {
      locate: async () => ({partition: 1, offset: 10}),
      watermark: async () => ({offset: 10}),
      markNow: async () => null,
      hurry: () => undefined,
      metrics,
      ...deps,
    },
    {waitMsMax: 5000},
  )
}

const EVENT = {stream: 'engagement', id: 7} as const

test('INV-67: an event below the watermark is reached at once', async () => {
  const outcome = await setup({}).until(EVENT, ['redis'], 0)
  expect(outcome).toMatchObject({reached: true, seen: true, behind: 0})
})

test('INV-67: one store behind is enough to wait, and its lag is told', async () => {
  const waits = setup({watermark: async store => ({offset: store === 'redis' ? 10 : 4})})
  expect(await waits.until(EVENT, ['redis'], 20)).toMatchObject({reached: true})
  expect(await waits.until(EVENT, ['redis', 'cassandra'], 20)).toMatchObject({
    reached: false,
    seen: true,
    behind: 6,
  })
})

test('INV-67: the answer comes when the watermark passes, not before', async () => {
  let mark = 7
  const waits = setup({watermark: async () => ({offset: mark++})})
  expect(await waits.until(EVENT, ['redis'], 5000)).toMatchObject({reached: true})
  expect(mark).toBe(11)
})

test.each([
  ['stands', 'a', {offset: 11, run: 'a'}, true],
  ['is that of another run', 'a', {offset: 11, run: 'b'}, false],
  ['is that of a copy from before', 'a', {offset: 9, run: 'a'}, false],
  ['is gone', 'a', null, false],
  ['was not there and is not', undefined, null, true],
  ['was not there and is', undefined, {offset: 11, run: 'a'}, false],
])('INV-67: what was read counts while the marker %s: %s', async (_, run, now, stands) => {
  const watermark = async () => ({offset: 10, ...(run === undefined ? {} : {run})})
  const waits = setup({watermark, markNow: async () => now})
  expect(await (await waits.until(EVENT, ['redis', 'cassandra'], 0)).stands()).toBe(stands)
  expect(await (await waits.until(EVENT, ['cassandra'], 0)).stands()).toBe(true)
})

test('who waits for Cassandra hurries its partition, who waits for Redis or for nothing does not', async () => {
  const hurried: string[] = []
  const waits = setup({
    watermark: async store => ({offset: store === 'redis' ? 10 : 4}),
    hurry: (stream, partition) => void hurried.push(`${stream} ${partition}`),
  })
  await waits.until(EVENT, ['redis'], 20)
  expect(hurried).toEqual([])
  await waits.until(EVENT, ['cassandra'], 20)
  expect(new Set(hurried)).toEqual(new Set(['engagement 1']))
})

test('an event that no store knows is not seen; failing stores are asked again', async () => {
  expect(await setup({locate: async () => null}).until(EVENT, ['redis'], 10)).toMatchObject({
    reached: false,
    seen: false,
    behind: null,
  })
  let tries = 0
  const waits = setup({
    locate: async () => {
      if (++tries < 3) throw new Error('away')
      return {partition: 0, offset: 1}
    },
  })
  expect(await waits.until(EVENT, ['redis'], 1000)).toMatchObject({reached: true})
})

test('looks come less often, but never rarely', () => {
  expect(nextLookMs(0)).toBeLessThan(nextLookMs(3))
  expect(nextLookMs(1000)).toBe(50)
})

test('reads are shared while one is under way and not kept when it fails', async () => {
  let reads = 0
  const read = shareReads(async (key: number) => {
    if (++reads === 1) throw new Error('away')
    return key * 2
  }, 10_000)
  await expect(Promise.all([read(1), read(1)])).rejects.toThrow('away')
  expect(await Promise.all([read(1), read(1)])).toEqual([2, 2])
  expect(reads).toBe(2)
})

import {fastify} from 'fastify'
import {pino} from 'pino'
import {expect, onTestFinished, test, vi} from 'vitest'
import {createMetrics} from '../../platform/metrics.ts'
import type {Api} from '../app.ts'
import {createHub} from '../live/hub.ts'
import {createFigureLoop, type FigureSource, type Snapshot} from '../live/sources.ts'
import {createApiMetrics} from '../metrics.ts'
import {addValidation} from '../plugins/validation.ts'
import {addLiveRoutes} from './live.ts'

const ID = '11111111-1111-1111-1111-111111111111'

/** One listener of a content, and the loop; each read is answered by the test. */
async function setup() {
  const log = pino({level: 'silent'})
  const hub = createHub(
    {log, metrics: createApiMetrics(createMetrics())},
    {
      bufferBytesMax: 10_000,
      heartbeatMs: 60_000,
      lifeMsMax: 600_000,
      clientsMax: 3,
      perAddressMax: 3,
    },
  )
  const readings: PromiseWithResolvers<ReadonlyMap<string, Snapshot>>[] = []
  const source: FigureSource = {
    kind: 'content',
    everyMs: 1,
    async read() {
      const reading = Promise.withResolvers<ReadonlyMap<string, Snapshot>>()
      readings.push(reading)
      return await reading.promise
    },
  }
  const app = fastify() as unknown as Api
  addValidation(app)
  app.setSerializerCompiler(() => JSON.stringify)
  addLiveRoutes(app, {
    hub,
    sources: [source],
    tail: {streams: []},
    reads: {content: async (id: string) => ({id})},
  } as never)
  const answer = app.inject(`/v1/live/content/${ID}`)
  const stop = new AbortController()
  onTestFinished(async () => {
    stop.abort()
    await app.close()
  })
  const next = async () => {
    await vi.waitFor(() => expect(readings.length).toBeGreaterThan(0), {interval: 1})
    return readings.shift()!
  }
  const figures = (events: number) => new Map([[ID, {data: {events}, version: `v${events}`}]])
  const opening = await next()
  void createFigureLoop({hub, log}, source).run(stop.signal)
  return {
    opening,
    next,
    figures,
    told: async () => {
      await next()
      hub.close()
      return [...(await answer).body.matchAll(/^(?:id: (v\d)\n)?event: (\w+)/gm)]
        .map(([, id, event]) => id ?? event)
        .filter(text => text !== 'dropped')
    },
  }
}

test('figures that were read at the opening are not told after newer ones', async () => {
  const {opening, next, figures, told} = await setup()
  const look = await next()
  look.resolve(figures(2))
  const again = await next()
  opening.resolve(figures(1))
  again.resolve(figures(2))
  expect(await told()).toEqual(['v2'])
})

test('figures that come back unchanged after an outage are told again', async () => {
  const {opening, next, figures, told} = await setup()
  opening.resolve(figures(1))
  const away = await next()
  away.reject(new Error('Redis'))
  const back = await next()
  back.resolve(figures(1))
  expect(await told()).toEqual(['v1', 'stale', 'v1'])
})

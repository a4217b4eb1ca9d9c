import fc from 'fast-check'
import {expect, test} from 'vitest'
import {PipelineError} from '../../platform/errors.ts'
import type {GuardedInit} from '../../platform/guarded-fetch.ts'
import {sinkMetrics, toEvent} from '../../test/sink-events.ts'
import {createBreaker} from './breaker.ts'
import type {SinkEvent} from './event.ts'
import {createHttpDestination, type HttpDestinationOptions} from './http-destination.ts'
import {createHeaders} from './http-request.ts'

interface Seen {
  readonly id: string
  readonly events: readonly string[]
}

/** @param judge the status of a request, or an error that it meets */
function setup(
  judge: (seen: Seen, nth: number) => number | Error,
  changes: Partial<HttpDestinationOptions> & {readonly refusalsMax?: number} = {},
) {
  const seen: Seen[] = []
  const call = async (_url: string, {headers, body}: GuardedInit = {}) => {
    const {events} = JSON.parse(body!) as {events: readonly {readonly id: string}[]}
    const request = {id: headers!['idempotency-key']!, events: events.map(({id}) => id)}
    seen.push(request)
    const status = judge(request, seen.length)
    if (typeof status !== 'number') throw status
    return await Promise.resolve({
      status,
      ok: status < 300,
      text: '',
      header: () => null,
    })
  }
  const {refusalsMax = 20, ...options} = changes
  const now = (): number => performance.now()
  const random = (): number => 0
  const delays = {firstDelayMs: 1, maxDelayMs: 2}
  const destination = createHttpDestination(
    {
      call: Object.assign(call, {close: async () => await Promise.resolve()}),
      breaker: createBreaker({failuresMax: 5, refusalsMax, ...delays}, {now, random}),
      headersOf: createHeaders({}),
      printerOf: () => ({stream: 'engagement', print: ({id}) => JSON.stringify({id})}),
      metrics: sinkMetrics(),
      now,
      random,
    },
    {
      url: 'https://other.example/in',
      body: 'batch',
      batchEventsMax: 4,
      batchBytesMax: 1_000_000,
      ...delays,
      ...options,
    },
  )
  const stop = new AbortController()
  const waits: string[] = []
  const deliver = (events: readonly SinkEvent[]) =>
    destination.deliver(events, {signal: stop.signal, onWait: why => void waits.push(why)})
  return {destination, deliver, seen, waits, stop}
}

const eventsOf = (count: number): readonly SinkEvent[] =>
  Array.from({length: count}, (_, i) => toEvent(i + 1))
const idsOf = (events: readonly SinkEvent[]): readonly string[] => events.map(({id}) => id)

test('a request that fails is sent again, the same, until it is taken', async () => {
  const {deliver, seen, waits} = setup((_, nth) => (nth < 3 ? 503 : 200))
  const events = eventsOf(3)
  expect(await deliver(events)).toEqual([])
  expect(seen).toHaveLength(3)
  expect(new Set(seen.map(({id}) => id)).size).toBe(1)
  for (const request of seen) expect(request.events).toEqual(idsOf(events))
  expect(waits).toEqual(['HTTP 503', 'HTTP 503'])
})

test('an address that may not be called, or nobody who answers, is waited for', async () => {
  const refused = new PipelineError('UPSTREAM_REFUSED', 'not public', {disposition: 'stop'})
  const {deliver, waits} = setup((_, nth) => (nth < 2 ? refused : 200))
  expect(await deliver(eventsOf(1))).toEqual([])
  expect(waits).toEqual(['not public'])
})

test('INV-163: of a refused batch the event that is meant is found, and the others are taken', async () => {
  const bad = toEvent(3).id
  const {deliver, seen} = setup(({events}) => (events.includes(bad) ? 400 : 200))
  const events = eventsOf(5)
  const refusals = await deliver(events)
  expect(refusals).toEqual([{event: events[2], reason: 'UPSTREAM_REFUSED', message: 'HTTP 400'}])
  const taken = seen.filter(request => !request.events.includes(bad)).flatMap(one => one.events)
  expect(taken).toEqual(idsOf(events).filter(id => id !== bad))
})

test('INV-163: who refuses everything is waited for: no more than the bound is put aside', async () => {
  const {deliver, waits, stop} = setup((_, nth) => (nth < 60 ? 404 : 200), {refusalsMax: 2})
  const events = eventsOf(8)
  const refusals = await deliver(events)
  expect(refusals.length).toBeLessThanOrEqual(2)
  expect(waits).toContain('it refuses everything: HTTP 404')
  stop.abort()
})

test('a signal ends a delivery that waits', async () => {
  const {deliver, stop, seen} = setup(() => 503)
  const delivering = deliver(eventsOf(1))
  stop.abort(new Error('revoked'))
  await expect(delivering).rejects.toThrow('revoked')
  expect(seen.length).toBeLessThan(3)
})

test('an event alone is a request alone', () => {
  const {destination} = setup(() => 200, {body: 'event'})
  expect([...destination.chunksOf(eventsOf(3))].map(chunk => chunk.length)).toEqual([1, 1, 1])
})

test('whatever answers come, each event is taken or refused once, first takings are in order, doubles look the same', async () => {
  const answers = fc.array(fc.constantFrom(200, 500, 503, 429, 401, 'lost', 'taken and lost'))
  await fc.assert(
    fc.asyncProperty(answers, fc.uniqueArray(fc.nat(11)), async (script, bad) => {
      const events = eventsOf(12)
      const refused = new Set(bad.map(i => events[i]!.id))
      const taken: string[] = []
      const {destination, deliver} = setup((request, nth) => {
        const answer = script[nth - 1] ?? 200
        if (answer === 'lost') return new Error('reset')
        const isRefused = request.events.some(id => refused.has(id))
        if (answer === 200 && isRefused) return 422
        if (!isRefused && (answer === 200 || answer === 'taken and lost')) {
          taken.push(...request.events)
        }
        return typeof answer === 'number' ? answer : new Error('reset')
      })
      const refusals = []
      for (const chunk of destination.chunksOf(events)) refusals.push(...(await deliver(chunk)))
      expect(refusals.map(({event}) => event.id)).toEqual(
        idsOf(events).filter(id => refused.has(id)),
      )
      expect([...new Set(taken)]).toEqual(idsOf(events).filter(id => !refused.has(id)))
    }),
    {numRuns: 60},
  )
})

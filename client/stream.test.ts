import {getEventListeners} from 'node:events'
import {expect, onTestFinished, test, vi} from 'vitest'
import {settle} from '../test/timers.ts'
import type {RawMessage} from './event-stream.ts'
import {RETRY_LIMITS} from './retry.ts'
import {afterConnection, listen, type ConnectionEnd, type ListenOptions} from './stream.ts'

const error = new Error('no')
const chance = {now: 0, random: 0}
const heard = {opened: true, failures: 0, elapsedMs: 1e9, retryMs: 1000}
const unheard = {opened: false, failures: 1, elapsedMs: 0, retryMs: 1000}
const refused = (status: number, retryAfter: string | null = null): ConnectionEnd => ({
  kind: 'refused',
  status,
  retryAfter,
  error,
})
const after = (end: ConnectionEnd, listened = heard) =>
  afterConnection(end, listened, RETRY_LIMITS, chance)

test('a stream ends when the server has said everything', () => {
  expect(after({kind: 'done'})).toEqual({kind: 'end'})
})

test('a stream that was open is opened again however long it takes, ever less often', () => {
  const again = (end: ConnectionEnd, failures: number): number => {
    const next = after(end, {...heard, failures})
    return next.kind === 'reopen' ? next.waitMs : -1
  }
  expect(again({kind: 'closed'}, 0)).toBe(1000)
  for (const end of [{kind: 'broken', error} as const, refused(502), refused(503)]) {
    expect([0, 1, 2, 9, 5000].map(failures => again(end, failures))).toEqual([
      1000, 2000, 4000, 30_000, 30_000,
    ])
  }
  expect(again(refused(503, '7'), 0)).toBe(7000)
  expect(again(refused(429, '9'), 0)).toBe(9000)
})

test('what waiting does not change is told', () => {
  for (const end of [refused(401), refused(404), {kind: 'unreadable', error} as const]) {
    expect(after(end)).toEqual({kind: 'fail', error})
    expect(after(end, unheard)).toEqual({kind: 'fail', error})
  }
})

test('a stream that never opened is given up as any request is', () => {
  expect(after({kind: 'broken', error}, unheard)).toEqual({kind: 'reopen', waitMs: 100})
  expect(after({kind: 'broken', error}, {...unheard, failures: 4})).toEqual({kind: 'fail', error})
  expect(after(refused(503, '5'), unheard)).toEqual({kind: 'reopen', waitMs: 5000})
  expect(after(refused(429, '60'), unheard)).toEqual({kind: 'fail', error})
  expect(after(refused(500), unheard)).toEqual({kind: 'fail', error})
})

/** Each connection sends one of the lists; null breaks it, undefined leaves it silent. */
function setup(texts: readonly (readonly (string | Uint8Array | null | undefined)[])[]) {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const opened: {readonly lastEventId: string; readonly signal: AbortSignal}[] = []
  const waits: number[] = []
  const stop = new AbortController()
  const options: ListenOptions = {
    limits: RETRY_LIMITS,
    signal: stop.signal,
    onReconnect: ({waitMs}) => waits.push(waitMs),
    errorOf: async () => await Promise.resolve(error),
    async open(lastEventId, signal) {
      const pieces = texts[opened.length]
      opened.push({lastEventId, signal})
      if (pieces === undefined) throw new TypeError('nobody answers')
      const left = [...pieces]
      const body = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            signal.addEventListener('abort', () => controller.error(signal.reason))
          },
          async pull(controller) {
            if (left.length === 0) return controller.close()
            const piece = left.shift()
            if (piece === null) return controller.error(new TypeError('broken'))
            if (piece !== undefined) controller.enqueue(Buffer.from(piece))
            else await new Promise(() => {})
          },
        },
        {highWaterMark: 0},
      )
      const headers = {'content-type': 'text/event-stream'}
      return await Promise.resolve(new Response(body, {headers}))
    },
  }
  return {options, opened, waits, stop}
}

/** The next message, however many timers are in the way. */
async function nextOf(stream: AsyncGenerator<RawMessage>): Promise<string | undefined> {
  const {done, value} = await settle(stream.next())
  return done === true ? undefined : value.data
}

test('a stream goes on after the last message, in the time that the server asked for', async () => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(0)
  onTestFinished(() => random.mockRestore())
  const {options, opened, waits} = setup([
    ['retry: 50\n\nid: 1\ndata: a\n\n', 'id: 2\nda', 'ta: cut'],
    ['id: 2\ndata: b\n\nevent: dropped\ndata: {"reason":"server-stops"}\n\n'],
    ['data: c\n\nevent: dropped\ndata: {"reason":"done"}\n\ndata: never\n\n'],
  ])
  const stream = listen({...options, lastEventId: '0'})
  const data = [await nextOf(stream), await nextOf(stream), await nextOf(stream)]
  expect(data).toEqual(['a', 'b', 'c'])
  expect(await nextOf(stream)).toBeUndefined()
  expect(opened.map(({lastEventId}) => lastEventId)).toEqual(['0', '1', '2'])
  expect(waits).toEqual([50, 50])
})

test('a broken or silent connection is let go and opened again', async () => {
  const {options, opened, waits} = setup([['data: a\n\n', null], [undefined], ['data: b\n\n']])
  const stream = listen({...options, silentMs: 500})
  expect(await nextOf(stream)).toBe('a')
  expect(await nextOf(stream)).toBe('b')
  expect(waits).toHaveLength(2)
  expect(opened.map(({signal}) => signal.aborted)).toEqual([true, true, false])
})

test('a character that comes in two pieces is whole', async () => {
  const bytes = Buffer.from('data: é\n\n')
  const {options} = setup([[bytes.subarray(0, 7), bytes.subarray(7)]])
  expect(await nextOf(listen(options))).toBe('é')
})

test('a stream ends with its signal, while it listens and while it waits', async () => {
  for (const texts of [[['data: a\n\n', undefined]], [['data: a\n\n']]]) {
    const {options, opened, stop} = setup(texts)
    const stream = listen(options)
    expect(await nextOf(stream)).toBe('a')
    const coming = stream.next()
    await vi.advanceTimersByTimeAsync(1)
    stop.abort()
    expect((await coming).done).toBe(true)
    expect(opened[0]!.signal.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  }
})

test('who stops listening closes the connection', async () => {
  const {options, opened, stop} = setup([['data: a\n\n', 'data: b\n\n', undefined]])
  for await (const {data} of listen(options)) {
    expect(data).toBe('a')
    break
  }
  expect(opened[0]!.signal.aborted).toBe(true)
  expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

test('an address where nobody answers is told after some attempts', async () => {
  const {options, opened} = setup([])
  await expect(nextOf(listen(options))).rejects.toThrow('nobody answers')
  expect(opened).toHaveLength(RETRY_LIMITS.attempts)
})

test('an answer that is no stream is told, a refusal with its error', async () => {
  const {options} = setup([])
  const answering = (answer: () => Response) =>
    listen({...options, open: async () => await Promise.resolve(answer())}).next()
  await expect(answering(() => Response.json({}))).rejects.toThrow('application/json')
  await expect(answering(() => new Response('', {status: 404}))).rejects.toThrow(error)
  expect((await answering(() => new Response(null, {status: 204}))).done).toBe(true)
})

import {pino} from 'pino'
import {expect, onTestFinished, test, vi} from 'vitest'
import {createMetrics} from '../../platform/metrics.ts'
import {createApiMetrics} from '../metrics.ts'
import {createHub, type Hub, type HubOptions} from './hub.ts'
import {createRecall, formatPositions, parsePositions} from './positions.ts'
import {formatMessage, openLiveStream, type LiveStream} from './stream.ts'

const OPTIONS: HubOptions = {
  bufferBytesMax: 1000,
  heartbeatMs: 60_000,
  lifeMsMax: 600_000,
  clientsMax: 3,
  perAddressMax: 2,
}

function setup(options: Partial<HubOptions> = {}): Hub {
  const deps = {log: pino({level: 'silent'}), metrics: createApiMetrics(createMetrics())}
  const hub = createHub(deps, {...OPTIONS, ...options})
  onTestFinished(() => hub.close())
  return hub
}

const textOf = (stream: LiveStream): string =>
  (stream.body.read() as Buffer | null)?.toString() ?? ''

test('a message is made once and reaches every listener of its channel only', () => {
  const hub = setup()
  const a = hub.open('content:1', {address: 'x'})
  const b = hub.open('content:2', {address: 'y'})
  hub.publish('content:1', {id: '5', event: 'content', data: {a: 'x\ny'}})
  expect(textOf(a)).toBe('retry: 1000\n\nid: 5\nevent: content\ndata: {"a":"x\\ny"}\n\n')
  expect(textOf(b)).toBe('retry: 1000\n\n')
  expect(hub.channels('content')).toEqual(['content:1', 'content:2'])
})

test('INV-65: a reader that does not read is dropped with the reason, the others go on', () => {
  const hub = setup()
  const slow = hub.open('platform', {address: 'x'})
  const quick = hub.open('platform', {address: 'y'})
  for (let i = 0; i < 50; i++) {
    hub.publish('platform', {event: 'platform', data: 'x'.repeat(100)})
    textOf(quick)
  }
  expect(slow.ended).toBe(true)
  expect(quick.ended).toBe(false)
  const rest = textOf(slow)
  expect(rest.length).toBeLessThan(3000)
  expect(rest).toMatch(/event: dropped\ndata: {"reason":"slow-reader"}\n\n$/)
})

test('INV-65: streams are bounded by address and in all, and given back when they end', () => {
  const hub = setup()
  const first = hub.open('platform', {address: 'x'})
  hub.open('platform', {address: 'x'})
  expect(() => hub.open('platform', {address: 'x'})).toThrow('from one address')
  hub.open('platform', {address: 'y'})
  expect(() => hub.open('platform', {address: 'z'})).toThrow('in all')
  first.drop('done')
  expect(hub.clients).toBe(2)
  hub.open('platform', {address: 'x'})
})

test('a client that leaves is forgotten, and its channel with it', async () => {
  const hub = setup()
  const stream = hub.open('content:1', {address: 'x'})
  stream.body.destroy()
  await vi.waitFor(() => expect(hub.clients).toBe(0))
  expect(hub.channels('content')).toEqual([])
})

test('a silent stream says that it is alive, and ends after its life', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const stream = openLiveStream({bufferBytesMax: 1000, heartbeatMs: 100, lifeMsMax: 250})
  vi.advanceTimersByTime(100)
  expect(textOf(stream)).toMatch(': alive\n\n')
  vi.advanceTimersByTime(200)
  expect(stream.ended).toBe(true)
  expect(textOf(stream)).toMatch('"too-long"')
})

test('figures are told once, and again to who came without them or was told that they are stale', () => {
  const hub = setup({perAddressMax: 3})
  const figures = {id: 'v1', event: 'content', data: 1}
  const client = {address: 'x'}
  const [first, second] = [hub.open('content:1', client), hub.open('content:1', client)]
  first.send(figures)
  hub.publish('content:1', figures)
  const known = hub.open('content:1', {...client, heard: 'v1'})
  for (let looks = 0; looks < 3; looks++) hub.publish('content:1', figures)
  const count = (stream: LiveStream): number => textOf(stream).split('id: v1').length - 1
  expect([first, second, known].map(count)).toEqual([1, 1, 0])
  const stale = {id: '', event: 'stale', data: {reason: 'Redis'}}
  for (let looks = 0; looks < 3; looks++) first.send(stale)
  // Whoever comes again has no last id then, and hears the figures although they are the same.
  expect(textOf(first).match(/^id: \nevent: stale$/gm)).toHaveLength(1)
  hub.publish('content:1', figures)
  expect(textOf(first)).toMatch(/^id: v1$/m)
  expect([second, known].map(count)).toEqual([0, 0])
})

test('an id that could break the protocol is left out', () => {
  expect(formatMessage({id: 'a\ndata: x', event: 'e', data: 1})).toBe('event: e\ndata: 1\n\n')
})

test('positions come back as they were; others are not ours', () => {
  const positions = new Map([
    ['e0', 5],
    ['a12', 0],
  ])
  expect(parsePositions(formatPositions(positions))).toEqual(positions)
  for (const text of ['', 'x', 'e0', 'e0.', 'e0.1,', 'b0.1', `e0.${'1'.repeat(16)}`]) {
    expect(parsePositions(text)).toBeUndefined()
  }
})

test('who comes again gets what it missed, and is told how much is forgotten', () => {
  const recall = createRecall<string>(3)
  for (let offset = 0; offset < 5; offset++) recall.add('e0', offset, `r${offset}`)
  expect(recall.since(new Map([['e0', 4]]))).toEqual({records: ['r4'], missed: 0})
  expect(recall.since(new Map([['e0', 2]]))).toEqual({records: ['r2', 'r3', 'r4'], missed: 0})
  expect(recall.since(new Map([['e0', 0]]))).toEqual({records: ['r2', 'r3', 'r4'], missed: 2})
  expect(recall.since(new Map([['a0', 0]])).missed).toBeNull()
})

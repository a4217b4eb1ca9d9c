import {pino} from 'pino'
import {expect, test} from 'vitest'
import {PipelineError} from '../../platform/errors.ts'
import type {CommittedOffset, Subscriber, SubscriberHandlers} from '../../platform/kafka.ts'
import {sinkMetrics, toConsumed, toEvent, TOPIC} from '../../test/sink-events.ts'
import type {DeadLetter} from '../../readmodel/dead-letters.ts'
import type {Delivery, Destination} from './destination.ts'
import type {SinkEvent} from './event.ts'
import {createHeld} from './held.ts'
import type {EventReader} from './read-events.ts'
import {createSink} from './sink.ts'

const at = (partition: number) => ({topic: TOPIC, partition})
const recordsOf = (...offsets: readonly number[]) => offsets.map(offset => toConsumed(offset))

/** A group of one member, a destination that does what a test says, and what came of it. */
function setup(
  deliver: Destination['deliver'] = async () => await Promise.resolve([]),
  read: EventReader = async records =>
    await Promise.resolve({
      events: records.map(source => ({...toEvent(source.offset), source})),
      letters: [],
    }),
) {
  const committed: CommittedOffset[] = []
  const letters: DeadLetter[] = []
  const delivered: number[] = []
  const joined: SubscriberHandlers[] = []
  let onJoin = (): void => undefined
  let opened = 0
  const subscriber: Subscriber = {
    async run(handlers) {
      joined.push(handlers)
      onJoin()
      await Promise.resolve()
    },
    commit: async offsets => void committed.push(...(await Promise.resolve(offsets))),
    seek: () => undefined,
    close: async () => await Promise.resolve(),
  }
  const held = createHeld('http', {now: () => 0, stalledMs: 0})
  const sink = createSink(
    {
      name: 'http',
      async open() {
        opened += 1
        return await Promise.resolve({
          destination: {
            name: 'http',
            *chunksOf(events: readonly SinkEvent[]) {
              for (let i = 0; i < events.length; i += 2) yield events.slice(i, i + 2)
            },
            async deliver(events: readonly SinkEvent[], delivery: Delivery) {
              const refusals = await deliver(events, delivery)
              delivered.push(...events.map(({source}) => source.offset))
              return refusals
            },
          },
          subscriber,
          createReader: () => read,
          publishLetters: async some => void letters.push(...(await Promise.resolve(some))),
        })
      },
      held,
      metrics: sinkMetrics(),
      log: pino({level: 'silent'}),
    },
    {firstDelayMs: 1, maxDelayMs: 2},
  )
  const stop = new AbortController()
  const running = sink.run(stop.signal)
  /** Handlers of the nth membership. */
  const member = async (nth = 1): Promise<SubscriberHandlers> => {
    await new Promise<void>(resolve => {
      onJoin = () => {
        if (joined.length >= nth) resolve()
      }
      onJoin()
    })
    return joined[nth - 1]!
  }
  const end = async (): Promise<void> => {
    stop.abort()
    await running
  }
  return {member, end, committed, letters, delivered, held, opened: () => opened}
}

test('INV-164: what was delivered is committed, chunk by chunk', async () => {
  const {member, end, committed, delivered} = setup()
  const handlers = await member()
  await handlers.onAssigned([at(0)])
  await handlers.onBatch(at(0), recordsOf(5, 6, 7), 8)
  expect(delivered).toEqual([5, 6, 7])
  expect(committed.map(({offset}) => offset)).toEqual([7, 8])
  await end()
})

test('INV-164: nothing is committed before the answer, nor after the partition is lost', async () => {
  const asked = Promise.withResolvers<void>()
  const {member, end, committed} = setup(async (_events, {signal}) => {
    asked.resolve()
    return await new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  })
  const handlers = await member()
  await handlers.onAssigned([at(0)])
  const taking = handlers.onBatch(at(0), recordsOf(1, 2), 3)
  await asked.promise
  expect(committed).toEqual([])
  await handlers.onRevoked([at(0)])
  await taking
  expect(committed).toEqual([])
  await end()
})

test('a partition whose delivery waits holds up no other', async () => {
  const {member, end, committed, held} = setup(async (events, {signal, onWait}) => {
    if (events[0]!.source.offset !== 1) return []
    onWait('HTTP 503')
    return await new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  })
  const handlers = await member()
  await handlers.onAssigned([at(0), at(1)])
  const stuck = handlers.onBatch(at(0), recordsOf(1), 2)
  await handlers.onBatch(at(1), recordsOf(10), 11)
  expect(committed).toEqual([{...at(1), offset: 11}])
  expect(held.problems()).toEqual([expect.stringContaining(`${TOPIC}/0 held back`)])
  await end()
  await stuck
})

test('INV-164: a refused event is put aside before it is committed past, with its record as it came', async () => {
  const {member, end, committed, letters} = setup(
    async events =>
      await Promise.resolve([
        {event: events[0]!, reason: 'UPSTREAM_REFUSED', message: 'HTTP 422: no such field'},
      ]),
  )
  const handlers = await member()
  await handlers.onAssigned([at(0)])
  const records = recordsOf(1, 2)
  await handlers.onBatch(at(0), records, 3)
  expect(letters).toEqual([
    {source: records[0], reason: 'UPSTREAM_REFUSED', message: 'HTTP 422: no such field'},
  ])
  expect(committed).toEqual([{...at(0), offset: 3}])
  await end()
})

test('records that are passed over are committed, too', async () => {
  const {member, end, committed, delivered} = setup(
    undefined,
    async ([first]) =>
      await Promise.resolve({
        events: first!.offset === 1 ? [{...toEvent(1), source: first!}] : [],
        letters: [],
      }),
  )
  const handlers = await member()
  await handlers.onAssigned([at(0)])
  await handlers.onBatch(at(0), recordsOf(1, 2, 3), 4)
  await handlers.onBatch(at(0), recordsOf(4), 5)
  expect(delivered).toEqual([1])
  expect(committed.map(({offset}) => offset)).toEqual([2, 4, 5])
  await end()
})

test('a store that is away while events are read is waited for', async () => {
  let tries = 0
  const {member, end, committed} = setup(undefined, async records => {
    tries += 1
    if (tries < 3) {
      throw new PipelineError('UPSTREAM_UNAVAILABLE', 'away', {disposition: 'retry'})
    }
    const events = records.map(source => ({...toEvent(source.offset), source}))
    return await Promise.resolve({events, letters: []})
  })
  const handlers = await member()
  await handlers.onAssigned([at(0)])
  await handlers.onBatch(at(0), recordsOf(1), 2)
  expect(committed).toEqual([{...at(0), offset: 2}])
  await end()
})

test('what it cannot go on with it tells, and joins again', async () => {
  const {member, end, held, opened} = setup()
  const first = await member()
  first.onError(new Error('the next offset is not in its log'))
  const handlers = await member(2)
  expect(opened()).toBe(2)
  expect(held.problems()).toEqual([
    'sink http: nothing is delivered: the next offset is not in its log; nothing is lost while Kafka keeps it',
  ])
  await handlers.onAssigned([at(0)])
  expect(held.problems()).toEqual([])
  await end()
})

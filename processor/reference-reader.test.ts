import pino from 'pino'
import {expect, test} from 'vitest'
import {PipelineError} from '../platform/errors.ts'
import type {SubscriberHandlers} from '../platform/kafka.ts'
import {barePosition, type Position} from '../readmodel/positions.ts'
import type {Reference} from '../readmodel/reference-table.ts'
import {content} from '../streams/sample/content.ts'
import type {DeadLetter} from '../readmodel/dead-letters.ts'
import {createReferenceReader, type ReferenceReaderDeps} from './reference-reader.ts'

const AT = {topic: 'content', partition: 0}

/** A log whose records say which outbox row they are of, and a reader that was left at a position. */
async function start(
  outboxIds: readonly number[],
  position: Position | null,
  changes: Partial<Pick<ReferenceReaderDeps, 'decoder' | 'publishDeadLetters'>> = {},
) {
  const stop = new AbortController()
  let handlers: SubscriberHandlers | undefined
  let next = -1
  let saved = position
  const learned: number[] = []
  const reader = createReferenceReader({
    stream: content,
    topic: AT.topic,
    space: 'here',
    subscriber: {
      async run(given) {
        handlers = given
      },
      commit: async () => {},
      seek: (_at, offset) => void (next = offset),
      close: async () => {},
    },
    admin: {offsets: async () => [{partition: 0, begin: 0, end: outboxIds.length}]},
    decoder: {
      decode: value => {
        const id = Number(value.toString())
        return {id: 'c', op: 'u', outbox_id: id, created_at: 10 * id, redelivered: false}
      },
      prepare: async () => {},
    },
    references: {learn: (some: readonly Reference[]) => [...some]},
    save: async some => void learned.push(...some.map(({outboxId}) => outboxId)),
    partitions: {
      load: async () => saved,
      save: async (_at, one) => void (saved = one),
    },
    publishDeadLetters: async () => {},
    patience: signal => ({attempts: 1, firstDelayMs: 1, maxDelayMs: 1, signal}),
    onLearned: () => {},
    log: pino({level: 'silent'}),
    ...changes,
  })
  const running = reader.run(stop.signal)
  await handlers!.onAssigned([AT])
  // As the client does: from where it was told to, again when it was told anew.
  for (let asked = -1; asked !== next;) {
    asked = next
    const records = outboxIds.slice(next).map((id, i) => {
      const value = Buffer.from(String(id))
      return {...AT, offset: asked + i, timestampMs: 0, key: null, value, headers: {}}
    })
    await handlers!.onBatch(AT, records, outboxIds.length)
  }
  stop.abort()
  await running
  return {learned, saved}
}

test('a record that cannot be read is put aside with the reason that the reader gave', async () => {
  const letters: DeadLetter[] = []
  const unknown = new PipelineError('SCHEMA_UNKNOWN', 'no schema 9', {disposition: 'dead-letter'})
  const publishDeadLetters = async (some: readonly DeadLetter[]) => void letters.push(...some)
  await start([1], null, {
    publishDeadLetters,
    decoder: {
      decode: () => {
        throw unknown
      },
      prepare: async () => {},
    },
  })
  expect(letters.map(({reason, message}) => [reason, message])).toEqual([
    ['SCHEMA_UNKNOWN', 'no schema 9'],
  ])
})

test('it goes on where it was left, from one record early', async () => {
  const first = await start([1, 2], null)
  expect(first.learned).toEqual([1, 2])
  expect(first.saved).toMatchObject({offset: 2, outboxId: 2, createdAt: 20})
  const {learned} = await start([1, 2, 3], first.saved)
  expect(learned).toEqual([2, 3])
})

test('a topic that was made again, and is longer by now, is read from its start', async () => {
  const position = {...barePosition(2, 'here'), outboxId: 2, createdAt: 20}
  const {learned, saved} = await start([7, 8, 9, 10], position)
  expect(learned).toEqual([7, 8, 9, 10])
  expect(saved).toMatchObject({offset: 4, outboxId: 10})
})

test('a topic that was made again and is shorter is read from its start', async () => {
  const {learned} = await start([7], {...barePosition(2, 'here'), outboxId: 2, createdAt: 20})
  expect(learned).toEqual([7])
})

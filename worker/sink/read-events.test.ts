import {expect, test} from 'vitest'
import {GENERATION, REPAIR} from '../../contracts/headers.ts'
import {createDecoder} from '../../platform/avro-codec.ts'
import {PipelineError} from '../../platform/errors.ts'
import type {ConsumedRecord} from '../../platform/kafka.ts'
import type {FindReference} from '../../readmodel/shown.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {AT_US, CONTENT_ID, decoder, toConsumed, toSource} from '../../test/sink-events.ts'
import {createEventReader} from './read-events.ts'

const CONTENT = {content_type: 'podcast', length_seconds: 60}
const signal = new AbortController().signal

function setup(find: FindReference = () => CONTENT) {
  const asked: string[] = []
  const read = createEventReader(engagement, {
    decoder: decoder(),
    async resolve(wanted) {
      asked.push(...wanted.map(({stream, id}) => `${stream} ${id}`))
      return await Promise.resolve(find)
    },
  })
  return {read: (records: readonly ConsumedRecord[]) => read(records, signal), asked}
}

test('events come as their raw rows show them: columns of the content, and what is made of both', async () => {
  const {read, asked} = setup()
  const {events, letters} = await read([toConsumed(1), toConsumed(2, {duration_ms: null})])
  expect(events.map(({shown}) => shown)).toEqual([
    {...CONTENT, engagement_seconds: 30, engagement_pct: 0.5},
    {...CONTENT, engagement_seconds: null, engagement_pct: null},
  ])
  expect(letters).toEqual([])
  expect(new Set(asked)).toEqual(new Set([`content ${CONTENT_ID}`]))
})

test('without a content the event goes out all the same', async () => {
  const {events} = await setup(() => null).read([toConsumed(1)])
  expect(events[0]!.shown).toEqual({
    content_type: null,
    length_seconds: null,
    engagement_seconds: 30,
    engagement_pct: null,
  })
})

test('what numbers do not have is passed over, and what repairs them is not', async () => {
  const ahead = AT_US + 25 * 3_600_000_000
  const {events, letters} = await setup().read([
    toConsumed(1, {epoch: 1}),
    toConsumed(2, {op: 'r'}, {[GENERATION]: Buffer.from('c1')}),
    toConsumed(3, {event_ts: ahead}),
    toConsumed(4, {epoch: 2}),
    toConsumed(5, {epoch: 1}),
    toConsumed(6, {op: 'r', epoch: 2}, {[REPAIR]: Buffer.from('{"parts":[]}')}),
  ])
  expect(events.map(({source}) => source.offset)).toEqual([1, 4, 6])
  expect(letters).toEqual([])
})

test('what cannot be read is put aside with the reason, and the rest goes on', async () => {
  const {events, letters} = await setup().read([
    toSource(1, null),
    toSource(2, Buffer.from('garbage')),
    toConsumed(3),
  ])
  expect(letters.map(({source, reason}) => [source.offset, reason])).toEqual([
    [1, 'DECODE_FAILED'],
    [2, 'DECODE_FAILED'],
  ])
  expect(events.map(({source}) => source.offset)).toEqual([3])
})

test('a registry that does not answer is no fault of the record', async () => {
  const away = createDecoder<unknown>(engagement.schema, async () => {
    throw new PipelineError('UPSTREAM_UNAVAILABLE', 'away', {disposition: 'retry'})
  })
  const read = createEventReader(engagement, {decoder: away, resolve: async () => () => null})
  await expect(read([toConsumed(1)], signal)).rejects.toThrow('away')
})

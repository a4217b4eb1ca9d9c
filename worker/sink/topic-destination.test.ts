import {expect, test} from 'vitest'
import {createDecoder} from '../../platform/avro-codec.ts'
import {PipelineError} from '../../platform/errors.ts'
import type {OutgoingRecord, Publisher} from '../../platform/kafka.ts'
import {planShown} from '../../readmodel/shown.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {sinkMetrics, toEvent} from '../../test/sink-events.ts'
import {enrichedSchema} from './enriched-schema.ts'
import {createTopicDestination, enrichedEncoder, EVENT_ID} from './topic-destination.ts'

const SHOWN = {
  content_type: 'podcast',
  length_seconds: 60,
  engagement_seconds: 30,
  engagement_pct: 0.5,
}
const schema = enrichedSchema(engagement, planShown(engagement))
const OUTSTANDING_MS = 20

/** @param failures sends that fail after the records were appended */
function setup(failures = 0) {
  const appended: (OutgoingRecord & {readonly topic: string})[] = []
  const opened: number[] = []
  let closed = 0
  let left = failures
  const open = async (): Promise<Publisher> => {
    opened.push(performance.now())
    return await Promise.resolve({
      maxOutstandingMs: OUTSTANDING_MS,
      async send(batch) {
        for (const {topic, records} of batch) {
          appended.push(...records.map(record => ({...record, topic})))
        }
        if (left > 0) {
          left -= 1
          throw new PipelineError('UPSTREAM_UNAVAILABLE', 'no answer', {disposition: 'retry'})
        }
        await Promise.resolve()
      },
      close: async () => void (closed += 1),
    })
  }
  const encoder = enrichedEncoder(schema, 9)
  const destination = createTopicDestination(
    {open, encoderOf: () => encoder, metrics: sinkMetrics()},
    {firstDelayMs: 1, maxDelayMs: 2},
  )
  const stop = new AbortController()
  const waits: string[] = []
  const delivery = {signal: stop.signal, onWait: (why: string) => void waits.push(why)}
  return {destination, appended, opened, delivery, waits, stop, closed: () => closed}
}

test('events keep key, partition and order, and carry their id', async () => {
  const {destination, appended, delivery} = setup()
  const events = [1, 2, 3].map(offset => ({...toEvent(offset), shown: SHOWN}))
  expect(await destination.deliver(events, delivery)).toEqual([])
  expect(
    appended.map(({topic, key, partition, headers}) => ({topic, key, partition, headers})),
  ).toEqual(
    events.map(({id, source}) => ({
      topic: 'engagement_events_enriched',
      key: source.key,
      partition: 0,
      headers: {[EVENT_ID]: id},
    })),
  )
  const decoder = createDecoder<unknown>(schema, async () => schema)
  await decoder.prepare(appended[0]!.value!)
  expect(decoder.decode(appended[0]!.value!)).toMatchObject({outbox_id: 1, ...SHOWN})
})

test('INV-164: after a failure the next publisher waits for what the one before may still append', async () => {
  const {destination, appended, opened, delivery, waits, closed} = setup(1)
  await destination.deliver([toEvent(1)], delivery)
  expect(waits).toEqual(['no answer'])
  expect(appended.map(({headers}) => headers?.[EVENT_ID])).toEqual(
    Array<string>(2).fill(toEvent(1).id),
  )
  expect(opened[1]! - opened[0]!).toBeGreaterThanOrEqual(OUTSTANDING_MS - 1)
  expect(closed()).toBe(1)
  await destination.close()
  expect(closed()).toBe(2)
})

test('an event that does not fit is refused, and the others go', async () => {
  const {destination, appended, delivery} = setup()
  const odd = {...toEvent(2), shown: {engagement_pct: 'half'}}
  const refusals = await destination.deliver([toEvent(1), odd, toEvent(3)], delivery)
  expect(refusals.map(({event, reason}) => [event.source.offset, reason])).toEqual([
    [2, 'ENCODE_FAILED'],
  ])
  expect(appended).toHaveLength(2)
})

test('a signal ends a delivery that waits', async () => {
  const {destination, delivery, stop} = setup(1000)
  const delivering = destination.deliver([toEvent(1)], delivery)
  stop.abort(new Error('revoked'))
  await expect(delivering).rejects.toThrow(/revoked|no answer/)
})

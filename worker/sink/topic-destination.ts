/**
 * Publishes events, enriched, to a topic beside their own: the same key, partition and order.
 *
 * Guarantees    INV-164: it resolves when the broker has acknowledged all of them; what is sent again after a failure
 *               follows whatever that may still have appended, and carries the same `event-id`.
 */
import {createEncoder, type Encoder} from '../../platform/avro-codec.ts'
import {dispositionOf, messageOf, PipelineError} from '../../platform/errors.ts'
import type {OutgoingRecord, Publisher} from '../../platform/kafka.ts'
import {pause} from '../../platform/lifecycle.ts'
import {retryDelayMs} from '../../platform/retry.ts'
import {createTurns} from '../../platform/turns.ts'
import type {Delivery, Destination, Refusal} from './destination.ts'
import {enrichedTopic} from './enriched-schema.ts'
import type {SinkEvent} from './event.ts'
import type {SinkMetrics} from './metrics.ts'

export const EVENT_ID = 'event-id'

export interface TopicDestinationDeps {
  readonly open: () => Promise<Publisher>
  /** By the topic that events come from. */
  readonly encoderOf: (topic: string) => Encoder
  readonly metrics: Pick<SinkMetrics, 'retries'>
}

export interface TopicDestinationOptions {
  readonly firstDelayMs: number
  readonly maxDelayMs: number
}

/** Of a record with its headers, below what Kafka takes by default. */
export const ENRICHED_BYTES_MAX = 1_000_000

/** @param schemaId of the enriched topic's subject */
export const enrichedEncoder = (schema: object, schemaId: number): Encoder =>
  createEncoder(schema, schemaId, ENRICHED_BYTES_MAX)

export function createTopicDestination(
  {open, encoderOf, metrics}: TopicDestinationDeps,
  delays: TopicDestinationOptions,
): Destination & {close(): Promise<void>} {
  // A publisher takes one call at a time.
  const turns = createTurns()
  let publisher: Publisher | undefined

  /** Of a publisher that failed nothing may come after what the next one sends. */
  const giveUp = async (signal: AbortSignal): Promise<void> => {
    const failed = publisher
    publisher = undefined
    if (failed === undefined) return
    await failed.close().catch(() => undefined)
    await pause(failed.maxOutstandingMs, signal)
  }

  const send = async (
    topic: string,
    records: readonly OutgoingRecord[],
    signal: AbortSignal,
  ): Promise<void> => {
    signal.throwIfAborted()
    publisher ??= await open()
    try {
      await publisher.send([{topic, records}])
    } catch (error) {
      await giveUp(signal)
      throw error
    }
  }

  const encode = (event: SinkEvent): OutgoingRecord | Refusal => {
    const {source, record, shown, id} = event
    try {
      const value = encoderOf(source.topic).encode({...record, ...shown})
      return {partition: source.partition, key: source.key, value, headers: {[EVENT_ID]: id}}
    } catch (error) {
      if (!(error instanceof PipelineError) || error.disposition !== 'dead-letter') throw error
      return {event, reason: error.code, message: error.message}
    }
  }

  const deliver = async (
    events: readonly SinkEvent[],
    {signal, onWait}: Delivery,
  ): Promise<readonly Refusal[]> => {
    const encoded = events.map(encode)
    const records = encoded.filter(one => 'partition' in one)
    const refused = encoded.filter(one => 'reason' in one)
    const topic = enrichedTopic(events[0]!.source.topic)
    for (let tries = 1; records.length > 0; tries++) {
      try {
        await turns.run(() => send(topic, records, signal))
        break
      } catch (error) {
        if (signal.aborted || dispositionOf(error) === 'stop') throw error
        metrics.retries.inc({destination: 'topic'})
        onWait(messageOf(error))
        await pause(retryDelayMs(tries, delays), signal)
      }
    }
    return refused
  }

  return {
    name: 'topic',
    chunksOf: events => (events.length === 0 ? [] : [events]),
    deliver,
    close: () => turns.run(async () => await publisher?.close()),
  }
}

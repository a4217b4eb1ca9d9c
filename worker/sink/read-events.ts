/**
 * Turns records of one partition into enriched events, or dead letters.
 *
 * Does not      pass on what numbers do not have, either: rows that a rebuild reads again, records of an overtaken
 *               relay, those that break a rule of their stream (the processor puts them aside).
 */
import {createEpochTable} from '../../contracts/epochs.ts'
import {GENERATION} from '../../contracts/headers.ts'
import type {StreamRecord} from '../../contracts/record.ts'
import type {Stream} from '../../contracts/stream.ts'
import type {Decoder} from '../../platform/avro-codec.ts'
import {dispositionOf, messageOf, PipelineError} from '../../platform/errors.ts'
import type {ConsumedRecord} from '../../platform/kafka.ts'
import {pathReader, type Fields} from '../../readmodel/fields.ts'
import {createRules} from '../../readmodel/rules.ts'
import {planShown} from '../../readmodel/shown.ts'
import type {DeadLetter} from '../../readmodel/dead-letters.ts'
import {eventIdOf, type SinkEvent} from './event.ts'
import type {ResolveReferences} from './references.ts'

export interface ReadEvents {
  /** In the order of their records. */
  readonly events: readonly SinkEvent[]
  readonly letters: readonly DeadLetter[]
}

export interface EventReaderDeps {
  readonly decoder: Decoder<unknown>
  readonly resolve: ResolveReferences
}

/** @throws when the registry or Cassandra does not answer; the records may be read again */
export type EventReader = (
  records: readonly ConsumedRecord[],
  signal: AbortSignal,
) => Promise<ReadEvents>

/** One for each time that a partition is taken: which relays were overtaken is learned on the way. */
export function createEventReader(
  stream: Stream,
  {decoder, resolve}: EventReaderDeps,
): EventReader {
  const epochs = createEpochTable()
  const problemOf = createRules(stream)
  const readPaths = pathReader(stream)
  const shown = planShown(stream)

  const isPassedOver = (source: ConsumedRecord, record: StreamRecord<Fields>): boolean => {
    const {lanes, lane, epoch} = record
    const isDropped = epochs.admit({lanes, lane, epoch, offset: source.offset}) === 'drop'
    return isDropped || source.headers[GENERATION] !== undefined || problemOf(record) !== undefined
  }

  return async (records, signal) => {
    const read: {source: ConsumedRecord; record: StreamRecord<Fields>}[] = []
    const letters: DeadLetter[] = []
    for (const source of records) {
      const decoded = await decode(source, decoder)
      if ('reason' in decoded) letters.push(decoded)
      else if (!isPassedOver(source, decoded.record)) read.push(decoded)
    }
    for (const {record} of read) readPaths(record)
    const wanted = read.flatMap(({record}) => shown.referencesOf(record))
    const find = await resolve(wanted, signal)
    const events = read.map(({source, record}): SinkEvent => {
      const id = eventIdOf(stream, record)
      return {id, source, record, shown: shown.valuesOf(record, find)}
    })
    return {events, letters}
  }
}

type Decoded = {readonly source: ConsumedRecord; readonly record: StreamRecord<Fields>} | DeadLetter

async function decode(source: ConsumedRecord, decoder: Decoder<unknown>): Promise<Decoded> {
  const {value} = source
  if (value === null) return {source, reason: 'DECODE_FAILED', message: 'the record has no value'}
  try {
    let record = decoder.decode(value)
    if (record === undefined) {
      await decoder.prepare(value)
      record = decoder.decode(value)
    }
    return {source, record: record as StreamRecord<Fields>}
  } catch (error) {
    if (dispositionOf(error) !== 'dead-letter') throw error
    const reason = error instanceof PipelineError ? error.code : 'DECODE_FAILED'
    return {source, reason, message: messageOf(error)}
  }
}

/**
 * Turns records as they came into records of the stream, or into dead letters. A record that breaks a rule is
 * both: it says of its event that what is counted of it is not true any more.
 *
 * Does not      drop: what an overtaken relay wrote is told apart by `admitted`.
 */
import type {EpochTable} from '../contracts/epochs.ts'
import {BACKFILL, GENERATION} from '../contracts/headers.ts'
import type {RecordMeta, StreamRecord} from '../contracts/record.ts'
import {readRepair, type Repair} from '../contracts/repair.ts'
import type {Decoder} from '../platform/avro-codec.ts'
import {dispositionOf, messageOf, PipelineError} from '../platform/errors.ts'
import type {DeadLetter} from '../readmodel/dead-letters.ts'
import {RULE_BROKEN} from './dead-letters.ts'
import type {ConsumedRecord} from '../platform/kafka.ts'
import type {Fields} from '../readmodel/fields.ts'
import {identityOf, type Identity} from './partition-state.ts'
import type {FindProblem} from '../readmodel/rules.ts'

export type Outcome =
  | {
      readonly kind: 'record'
      readonly offset: number
      readonly record: StreamRecord<Fields>
      /** It fills this generation: never too old. */
      readonly isFilling: boolean
      /** A backfill read the row: nobody changed it. */
      readonly isReread: boolean
      /** It was sent only to mend something. */
      readonly repair?: Repair
    }
  | {
      readonly kind: 'refused'
      readonly offset: number
      readonly record: StreamRecord<Fields>
      readonly letter: DeadLetter
    }
  | {readonly kind: 'dropped'; readonly offset: number; readonly record: RecordMeta}
  | {readonly kind: 'deadLetter'; readonly offset: number; readonly letter: DeadLetter}

export interface DecodeDeps {
  /** What the keyspace calls itself. */
  readonly space: string
  readonly decoder: Decoder<unknown>
  readonly epochs: EpochTable
  /** Why the record can never be accepted, or undefined. */
  readonly problemOf: FindProblem
}

/**
 * Decodes a batch in order, without waiting unless a schema is met for the first time.
 *
 * @throws when the registry does not answer; the batch may be decoded again
 */
export async function decodeBatch(
  records: readonly ConsumedRecord[],
  deps: DecodeDeps,
): Promise<readonly Outcome[]> {
  const {decoder} = deps
  const outcomes: Outcome[] = []
  for (const source of records) {
    const {value} = source
    if (value === null) {
      outcomes.push(toLetter(source, 'DECODE_FAILED', 'the record has no value'))
      continue
    }
    try {
      let decoded = decoder.decode(value)
      if (decoded === undefined) {
        await decoder.prepare(value)
        decoded = decoder.decode(value)
      }
      outcomes.push(judge(source, decoded as StreamRecord<Fields>, deps))
    } catch (error) {
      if (dispositionOf(error) !== 'dead-letter') throw error
      const code = error instanceof PipelineError ? error.code : 'DECODE_FAILED'
      outcomes.push(toLetter(source, code, messageOf(error)))
    }
  }
  return outcomes
}

/** The outbox row that a record was published from; null when it cannot be read. */
export async function identify(
  {value}: ConsumedRecord,
  decoder: Decoder<unknown>,
): Promise<Identity | null> {
  if (value === null) return null
  try {
    await decoder.prepare(value)
    return identityOf(decoder.decode(value) as RecordMeta)
  } catch (error) {
    if (dispositionOf(error) !== 'dead-letter') throw error
    return null
  }
}

function judge(
  source: ConsumedRecord,
  record: StreamRecord<Fields>,
  {space, epochs, problemOf}: DecodeDeps,
): Outcome {
  const {offset} = source
  const {lanes, lane, epoch} = record
  const isDropped = epochs.admit({lanes, lane, epoch, offset}) === 'drop'
  const filled = source.headers[GENERATION]?.toString()
  if (isDropped || (filled !== undefined && filled !== space)) {
    return {kind: 'dropped', offset, record}
  }
  const problem = problemOf(record)
  if (problem !== undefined) {
    return {
      kind: 'refused',
      offset,
      record,
      letter: {source, reason: RULE_BROKEN, message: problem},
    }
  }
  const repair = readRepair(source.headers)
  const isFilling = filled !== undefined
  const isReread = source.headers[BACKFILL] !== undefined
  const read = {kind: 'record', offset, record, isFilling, isReread} as const
  return repair === undefined ? read : {...read, repair}
}

function toLetter(source: ConsumedRecord, reason: string, message: string): Outcome {
  return {kind: 'deadLetter', offset: source.offset, letter: {source, reason, message}}
}

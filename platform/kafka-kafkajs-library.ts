/**
 * kafkajs with the repairs that version 2.2.4 needs; another version is left as it is. Everything here
 * takes the library from this module: repairs must be there before its parts are loaded.
 */
import {createRequire} from 'node:module'
import type * as Library from 'kafkajs'
import {offsetGone, type TopicPartition} from './kafka.ts'
import {encodeRecordBatch, type BatchRecord} from './kafka-record-batch.ts'

const require = createRequire(import.meta.url)
const {version} = require('kafkajs/package.json') as {version: string}
/** The repairs know this version only. */
export const isKnownVersion = version === '2.2.4'

/** What a producer that is not idempotent has for an id. */
const NO_PRODUCER = -1

const isLoaded = (part: string): boolean => require.resolve(part) in require.cache

if (isKnownVersion && !isLoaded('kafkajs/src/protocol/requests/produce/v3/request')) {
  repairRecords()
}
export const kafkajs = require('kafkajs') as typeof Library
if (isKnownVersion) {
  repairTimers()
  repairLostOffsets()
}

function replace(part: string, exports: unknown): void {
  require(part)
  require.cache[require.resolve(part)]!.exports = exports
}

/**
 * It writes every record into a buffer of its own, every number through an array, and sums in
 * JavaScript: a third of what publishing costs. A usual batch is written at once instead, byte for byte
 * the same.
 */
function repairRecords(): void {
  const recordPart = 'kafkajs/src/protocol/recordBatch/record/v0'
  const batchPart = 'kafkajs/src/protocol/recordBatch/v0'
  const encodeRecord = require(recordPart) as (record: PlacedRecord) => unknown
  const batches = require(batchPart) as {RecordBatch: (of: BatchOptions) => Promise<unknown>}
  const {RecordBatch: encodeBatch} = batches
  replace(recordPart, (record: PlacedRecord) => record)
  replace(batchPart, {
    ...batches,
    async RecordBatch(of: BatchOptions): Promise<unknown> {
      const {records, firstTimestamp, maxTimestamp, producerId} = of
      const isUsual =
        of.compression === 0 &&
        !of.transactional &&
        producerId === NO_PRODUCER &&
        firstTimestamp === maxTimestamp
      if (!isUsual) return await encodeBatch({...of, records: records.map(encodeRecord)} as never)
      const bytes = encodeRecordBatch(records, firstTimestamp)
      return {buf: bytes, buffer: bytes, size: () => bytes.length}
    },
  })
}

interface PlacedRecord extends BatchRecord {
  readonly offsetDelta: number
  readonly timestampDelta: number
}

interface BatchOptions {
  readonly compression: number
  readonly transactional: boolean
  readonly producerId?: unknown
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  readonly records: readonly PlacedRecord[]
}

/** It re-arms a 1 ms timer per connection while nothing is pending: 5 % of a core when idle. */
function repairTimers(): void {
  const {prototype} = require('kafkajs/src/network/requestQueue') as {prototype: RequestQueue}
  const original = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function scheduleWhenPending() {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return
    original.call(this)
  }
}

/** The part of the library's request queue that the repair touches. */
interface RequestQueue {
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

/** It goes on at the begin of the log when an offset is gone: records would be left out or repeated. */
function repairLostOffsets(): void {
  const {prototype} = require('kafkajs/src/consumer/consumerGroup') as {
    prototype: {recoverFromOffsetOutOfRange: (error: TopicPartition) => Promise<void>}
  }
  prototype.recoverFromOffsetOutOfRange = async function refuse({topic, partition}) {
    const gone = offsetGone({topic, partition})
    throw Object.assign(new kafkajs.KafkaJSNonRetriableError(gone.message), {cause: gone})
  }
}

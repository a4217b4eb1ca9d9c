/**
 * Kafka's record batch, format 2, written into one buffer. Pure.
 *
 * Relied on: https://kafka.apache.org/documentation/#recordbatch. Without compression, transactions and
 * sequence numbers; one timestamp for all records.
 */
import {crc32c} from './kafka-platformatic-checksum.ts'

export interface BatchRecord {
  readonly key?: Buffer | string | null | undefined
  readonly value: Buffer | string | null
  readonly headers?: Readonly<Record<string, unknown>> | undefined
}

const MAGIC = 2
/** First offset, length, leader epoch, magic, CRC: what the CRC does not cover. */
const PREFIX_BYTES = 21
/** From the attributes to the number of records. */
const HEAD_BYTES = 40
/** More than the lengths and deltas of a record, or the lengths of a header, take. */
const EXTRA_BYTES = 32

const utf8 = (text: Buffer | string): Buffer =>
  typeof text === 'string' ? Buffer.from(text) : text

/** A bound that needs no look at the characters: one takes three bytes at most. */
const roomOf = (value: Buffer | string | null | undefined): number =>
  value === null || value === undefined ? 0 : value.length * (typeof value === 'string' ? 3 : 1)

type Header = readonly [Buffer, Buffer | null]

function headersOf({headers}: BatchRecord): readonly Header[] {
  if (headers === undefined) return []
  return Object.entries(headers).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values]).map((value: Buffer | string | null): Header => [
      Buffer.from(name),
      value === null ? null : utf8(value),
    ]),
  )
}

/** Bytes of a zigzag number from -1 on, below 2^30. */
const sizeOfInt = (value: number): number => {
  const bits = 32 - Math.clz32(value < 0 ? 1 : value * 2)
  return bits <= 7 ? 1 : Math.ceil(bits / 7)
}

const sizeOfBytes = (length: number): number => sizeOfInt(length) + Math.max(0, length)

/** Writes records one behind the other. */
function createWriter(target: Buffer, start: number) {
  let at = start

  function writeInt(value: number): void {
    let rest = value < 0 ? 1 : value * 2
    while (rest > 127) {
      target[at++] = (rest & 127) | 128
      rest >>>= 7
    }
    target[at++] = rest
  }

  function writeBytes(value: Buffer | null): void {
    writeInt(value === null ? -1 : value.length)
    if (value === null) return
    target.set(value, at)
    at += value.length
  }

  /** Keys are short and plain: a loop is quicker than a call out of the engine. */
  function writeText(text: string): void {
    const from = at
    writeInt(text.length)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) {
        at = from
        writeBytes(Buffer.from(text))
        return
      }
      target[at++] = code
    }
  }

  function write(record: BatchRecord, offsetDelta: number): void {
    const {key = null, value} = record
    const plain = typeof value === 'string' ? Buffer.from(value) : value
    const headers = headersOf(record)
    const keyBytes =
      key === null ? -1 : typeof key === 'string' ? Buffer.byteLength(key) : key.length
    // Attributes and the difference of the timestamp are zero.
    let size = 2 + sizeOfInt(offsetDelta) + sizeOfBytes(keyBytes)
    size += sizeOfBytes(plain === null ? -1 : plain.length) + sizeOfInt(headers.length)
    for (const [name, one] of headers) {
      size += sizeOfBytes(name.length) + sizeOfBytes(one === null ? -1 : one.length)
    }
    writeInt(size)
    target[at++] = 0
    target[at++] = 0
    writeInt(offsetDelta)
    if (typeof key === 'string') writeText(key)
    else writeBytes(key)
    writeBytes(plain)
    writeInt(headers.length)
    for (const [name, one] of headers) {
      writeBytes(name)
      writeBytes(one)
    }
  }
  return {write, end: () => at}
}

/** The batch as a request carries it. */
export function encodeRecordBatch(records: readonly BatchRecord[], timestampMs: number): Buffer {
  let room = PREFIX_BYTES + HEAD_BYTES
  for (const record of records) {
    room += EXTRA_BYTES + roomOf(record.key) + roomOf(record.value)
    for (const [name, value] of headersOf(record)) room += EXTRA_BYTES + name.length + roomOf(value)
  }
  const target = Buffer.allocUnsafeSlow(room)
  const writer = createWriter(target, PREFIX_BYTES + HEAD_BYTES)
  for (let i = 0; i < records.length; i++) writer.write(records[i]!, i)
  const end = writer.end()
  target.writeBigInt64BE(0n, 0)
  target.writeInt32BE(end - 12, 8)
  target.writeInt32BE(0, 12)
  target[16] = MAGIC
  target.writeInt16BE(0, 21)
  target.writeInt32BE(records.length - 1, 23)
  const timestamp = BigInt(timestampMs)
  target.writeBigInt64BE(timestamp, 27)
  target.writeBigInt64BE(timestamp, 35)
  // No producer id, so that epoch and sequence mean nothing: sends are not repeated.
  target.writeBigInt64BE(-1n, 43)
  target.writeInt16BE(0, 51)
  target.writeInt32BE(0, 53)
  target.writeInt32BE(records.length, 57)
  target.writeUInt32BE(crc32c(target.subarray(PREFIX_BYTES, end)), 17)
  return target.subarray(0, end)
}

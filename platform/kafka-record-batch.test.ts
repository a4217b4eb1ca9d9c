import {createRequire} from 'node:module'
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {encodeRecordBatch} from './kafka-record-batch.ts'

// The library as it was made: this test loads no repairs.
const require = createRequire(import.meta.url)
const toRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => object
const {RecordBatch} = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (of: object) => Promise<{readonly buffer: Buffer}>
}

const bytes = fc.uint8Array({maxLength: 300}).map(values => Buffer.from(values))
const text = fc.string({unit: 'grapheme', maxLength: 80})
const records = fc.array(
  fc.record({
    key: fc.oneof(fc.constant(null), text, bytes),
    value: fc.oneof(fc.constant(null), bytes),
    headers: fc.option(fc.dictionary(text, fc.oneof(text, bytes), {maxKeys: 3}), {nil: undefined}),
  }),
  {minLength: 1, maxLength: 70},
)

test('a batch has the very bytes that the library writes', async () => {
  await fc.assert(
    fc.asyncProperty(records, fc.nat({max: 2 ** 45}), async (list, timestampMs) => {
      const expected = await RecordBatch({
        records: list.map((record, offsetDelta) =>
          toRecord({...record, offsetDelta, timestampDelta: 0}),
        ),
        firstTimestamp: timestampMs,
        maxTimestamp: timestampMs,
        lastOffsetDelta: list.length - 1,
      })
      expect(encodeRecordBatch(list, timestampMs).equals(expected.buffer)).toBe(true)
    }),
  )
})

test('values and numbers of records beyond one byte of length are written whole', async () => {
  const list = Array.from({length: 20_000}, (_, n) => ({
    key: `k${n}`,
    value: Buffer.alloc(n % 100 === 0 ? 20_000 : 3, n),
  }))
  const expected = await RecordBatch({
    records: list.map((record, offsetDelta) => toRecord({...record, offsetDelta})),
    firstTimestamp: 1,
    maxTimestamp: 1,
    lastOffsetDelta: list.length - 1,
  })
  expect(encodeRecordBatch(list, 1).equals(expected.buffer)).toBe(true)
})

import {expect, test} from 'vitest'
import {splitBatch} from './kafka-chunks.ts'
import type {OutgoingRecord} from './kafka.ts'

const recordOf = (partition: number, key: string, bytes: number): OutgoingRecord => ({
  partition,
  key,
  value: Buffer.alloc(bytes),
})
const bytesOf = (records: readonly OutgoingRecord[]): number =>
  records.reduce((sum, {value}) => sum + value!.length, 0)

test('a request holds less than a broker takes, of a partition and of all of them, in order', () => {
  const records = Array.from({length: 400}, (_, n) => recordOf(n % 100, String(n), 400_000))
  const parts = splitBatch([{topic: 't', records}])
  const sent = parts.map(part => part.flatMap(one => one.records))
  for (const request of sent) {
    expect(bytesOf(request)).toBeLessThan(16_000_000)
    for (const own of Map.groupBy(request, ({partition}) => partition).values()) {
      expect(bytesOf(own)).toBeLessThan(900_000)
    }
  }
  for (const [partition, own] of Map.groupBy(sent.flat(), record => record.partition)) {
    const keys = records.filter(record => record.partition === partition).map(({key}) => key)
    expect(own.map(({key}) => key)).toEqual(keys)
  }
})

test('what is usual goes in one request, and a record that is larger than all that goes alone', () => {
  const usual = Array.from({length: 2_000}, (_, n) => recordOf(n % 12, String(n), 300))
  expect(splitBatch([{topic: 't', records: usual}])).toHaveLength(1)
  const huge = [recordOf(0, 'a', 100), recordOf(1, 'b', 20_000_000), recordOf(0, 'c', 100)]
  const keys = splitBatch([{topic: 't', records: huge}]).map(part =>
    part.flatMap(({records}) => records.map(({key}) => key)),
  )
  expect(keys).toEqual([['a', 'c'], ['b']])
})

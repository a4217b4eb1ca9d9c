import {expect, test} from 'vitest'
import {murmur2, partitionFor} from './partition.ts'

/**
 * Values of `org.apache.kafka.common.utils.Utils.murmur2`: from Kafka's own unit test, then computed
 * with the class of Kafka 4.3.1, for bytes above 127 and for every length modulo four.
 */
const JAVA: ReadonlyArray<readonly [string, number]> = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
  ['', 275646681],
  ['a', -1563381124],
  ['é', 186971271],
  ['äö', -1518971941],
  ['日本語', 1431860170],
  ['user-ÿ', -1865416935],
  ['😀', 131881617],
  ['9007199254740991', -1031629061],
  ['11111111-1111-1111-1111-111111111111', -1385114213],
  ['ffffffff-ffff-ffff-ffff-ffffffffffff', -359870222],
]

test.each(JAVA)('murmur2 of %j is what Java computes', (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash)
})

test('a key always goes to one partition, and a missing key follows the event itself', () => {
  const key = '11111111-1111-1111-1111-111111111111'
  expect(partitionFor(key, '1', 6)).toBe(partitionFor(key, '2', 6))
  expect(partitionFor(null, '7', 6)).toBe(partitionFor('7', 'ignored', 6))
})

test('keys spread over all partitions', () => {
  const seen = new Set(Array.from({length: 200}, (_, i) => partitionFor(`key-${i}`, '', 6)))
  expect([...seen].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5])
})

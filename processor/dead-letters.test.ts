import {expect, test} from 'vitest'
import {createBreaker, toOutgoing, type DeadLetter} from './dead-letters.ts'

const letter: DeadLetter = {
  source: {
    topic: 'engagement_events',
    partition: 3,
    offset: 41,
    timestampMs: 0,
    key: Buffer.from('k'),
    value: Buffer.from([1, 2, 3]),
    headers: {traceparent: 'x', gone: undefined},
  },
  reason: 'DECODE_FAILED',
  message: 'm'.repeat(5000),
}

test('a dead letter keeps its bytes and headers, and says why and where from', () => {
  const out = toOutgoing(letter, 0)
  expect(out.key).toEqual(letter.source.key)
  expect(out.value).toEqual(letter.source.value)
  expect(out.headers).toMatchObject({
    traceparent: 'x',
    'dlq-reason': 'DECODE_FAILED',
    'dlq-source-topic': 'engagement_events',
    'dlq-source-partition': '3',
    'dlq-source-offset': '41',
    'dlq-failed-at': '1970-01-01T00:00:00.000Z',
  })
  expect(out.headers['dlq-message']).toHaveLength(1000)
  expect('gone' in out.headers).toBe(false)
})

test('INV-42: too many in a row stop the processor, one good record starts the count again', () => {
  const breaker = createBreaker(2)
  breaker.note(letter)
  breaker.note(letter)
  breaker.note('ok')
  breaker.note(letter)
  breaker.note(letter)
  expect(() => breaker.note(letter)).toThrow(/3 records in a row of engagement_events\/3/)
})

import {expect, test} from 'vitest'
import {toOutgoing, type DeadLetter} from '../readmodel/dead-letters.ts'
import {createBreaker, RULE_BROKEN} from './dead-letters.ts'

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

test('INV-42: too many unreadable ones in a row stop, one good record starts the count again', () => {
  const breaker = createBreaker(2)
  breaker.note(letter)
  breaker.note(letter)
  breaker.note('ok')
  breaker.note(letter)
  breaker.note(letter)
  expect(() => breaker.note(letter)).toThrow(/3 records in a row cannot be read/)
})

test('a thousand records that break a rule are put aside, and nothing stops', () => {
  const breaker = createBreaker(2)
  for (let n = 0; n < 1000; n++) breaker.note({...letter, reason: RULE_BROKEN})
})

import {expect, test} from 'vitest'
import {readFlushTimes} from './flush-times.ts'

test('flushes of all streams of a processor are one sum', () => {
  const text = [
    '# HELP processor_raw_write_seconds One group of raw rows',
    '# TYPE processor_raw_write_seconds histogram',
    'processor_raw_write_seconds_bucket{stream="engagement",le="0.1"} 7',
    'processor_raw_write_seconds_sum{stream="engagement"} 1.5',
    'processor_raw_write_seconds_count{stream="engagement"} 30',
    'processor_raw_write_seconds_sum{stream="activity"} 0.5',
    'processor_raw_write_seconds_count{stream="activity"} 10',
  ].join('\n')
  expect(readFlushTimes(text)).toEqual({raw_writes: {count: 40, seconds: 2}})
  expect(readFlushTimes('')).toEqual({})
})

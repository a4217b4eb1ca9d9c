import {expect, test} from 'vitest'
import {createMetrics} from '../platform/metrics.ts'
import {createProcessorMetrics} from './metrics.ts'

test('each stream shows what was put aside of what was taken, in the last hour and day', async () => {
  const metrics = createMetrics()
  const measured = createProcessorMetrics(metrics)
  measured.noteShare('sales', 99, 0)
  measured.noteShare('sales', 1, 1)
  measured.noteShare('plays', 10, 0)
  const text = await metrics.render()
  expect(text.split('\n').filter(line => line.startsWith('processor_dead_letter_share'))).toEqual([
    'processor_dead_letter_share{stream="sales",window="hour"} 0.01',
    'processor_dead_letter_share{stream="sales",window="day"} 0.01',
    'processor_dead_letter_share{stream="plays",window="hour"} 0',
    'processor_dead_letter_share{stream="plays",window="day"} 0',
  ])
})

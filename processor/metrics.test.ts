import {expect, test} from 'vitest'
import {createMetrics} from '../platform/metrics.ts'
import {besides, createProcessorMetrics} from './metrics.ts'

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

test('a generation that is filled is called otherwise, whatever is measured of it, until it is named', async () => {
  const metrics = createMetrics()
  const measured = createProcessorMetrics(metrics)
  let isNamed = false
  const filled = besides(measured, stream => (isNamed ? stream : `${stream} numbers_g2`))
  measured.lag.set({stream: 'sales', partition: '0'}, 1)
  filled.lag.set({stream: 'sales', partition: '0'}, 2)
  filled.applied.inc({stream: 'sales'}, 3)
  filled.checkpoint.observe({stream: 'sales'}, 1)
  filled.noteShare('sales', 10, 0)
  isNamed = true
  filled.applied.inc({stream: 'sales'}, 4)
  const lines = (await metrics.render()).split('\n')
  for (const line of [
    'processor_lag_records{stream="sales",partition="0"} 1',
    'processor_lag_records{stream="sales numbers_g2",partition="0"} 2',
    'processor_events_applied_total{stream="sales numbers_g2"} 3',
    'processor_events_applied_total{stream="sales"} 4',
    'processor_checkpoint_seconds_count{stream="sales numbers_g2"} 1',
    'processor_dead_letter_share{stream="sales numbers_g2",window="hour"} 0',
  ]) {
    expect(lines).toContain(line)
  }
})

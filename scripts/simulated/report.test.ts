import {expect, test} from 'vitest'
import type {Change} from './changes.ts'
import {createLedger, createOccasions} from './planted.ts'
import {createRandom} from './random.ts'
import {allOf, countMore, jsonText, NOTHING, plantedText, progressText} from './report.ts'
import {lackOf} from './tables.ts'

const AT = Date.UTC(2026, 0, 1)
const LINE = {order_id: 'o', product: 'p'}
const CHANGES: readonly Change[] = [
  {
    stream: 'logs',
    op: 'insert',
    row: {service: 's', level: 'info', message: 'm', logged_at: '2026-01-01'},
  },
  {stream: 'orders', op: 'delete', row: LINE},
  {stream: 'orders', op: 'update', row: {...LINE, price: 1, quantity: 1}},
]

test('rows are counted by stream, and those that change others apart', () => {
  const counts = countMore(countMore(NOTHING, CHANGES), CHANGES)
  expect(allOf(counts)).toBe(6)
  const progress = {...counts, elapsedMs: 2000, insertMs: 0.26}
  expect(progressText(['orders', 'logs'], progress)).toBe(
    '2 s | 3 events/s | 0 order lines, 2 log lines, 4 returned or corrected | last insert 0.3 ms',
  )
  expect(progressText(['engagement', 'activity'], {...NOTHING, elapsedMs: 0, insertMs: 0})).toBe(
    '0 s | 0 events/s | 0 engagement, 0 page views | last insert 0.0 ms',
  )
  expect(JSON.parse(jsonText(progress, []))).toEqual({
    seconds: 2,
    inserted: {logs: 2},
    changed: 4,
    planted: [],
  })
})

test('what was planted is told in columns: stream, what, when, rows, where', () => {
  const ledger = createLedger()
  expect(plantedText(ledger.planted())).toBe('planted: nothing')
  const spike = ledger.begin({stream: 'readings', what: 'spike', where: 'device-001 humidity'}, AT)
  spike.row(AT + 1000)
  spike.row(AT + 2000)
  spike.end()
  ledger.begin({stream: 'activity', what: 'churn', where: '5 people', ids: ['a']}, AT)
  expect(plantedText(ledger.planted())).toBe(
    [
      'planted, to be found:',
      '  readings  spike  2026-01-01T00:00:01.000Z to 2026-01-01T00:00:02.000Z  2 rows  device-001 humidity',
      '  activity  churn  2026-01-01T00:00:00.000Z to (goes on)                         5 people',
    ].join('\n'),
  )
})

test('however much was planted, the newest ones are kept and listed', () => {
  const ledger = createLedger()
  for (let i = 0; i < 1100; i++) {
    ledger.begin({stream: 'logs', what: 'new message', where: `m${i}`}, AT + i)
  }
  expect(ledger.planted()).toHaveLength(1000)
  expect(ledger.planted().at(-1)!.where).toBe('m1099')
  const lines = plantedText(ledger.planted()).split('\n')
  expect(lines).toHaveLength(62)
  expect(lines[1]).toBe('  940 earlier ones: --json lists up to a thousand')
})

test('occasions come after a first wait, then about as often as they are said to', () => {
  const occasions = createOccasions(createRandom(1), {first: 10, every: 100})
  const steps = Array.from({length: 10_000}, () => occasions.isNow())
  expect(steps.indexOf(true)).toBe(10)
  const count = steps.filter(Boolean).length
  expect(count).toBeGreaterThan(85)
  expect(count).toBeLessThan(115)
})

test('a table that is not there, or is somebody else’s, is named with what to do', () => {
  expect(lackOf('logs', ['id', 'service', 'level', 'message', 'logged_at'])).toEqual([])
  expect(lackOf('logs', undefined)[0]).toMatch(
    /^--streams logs: there is no table public\.logs: declare the stream logs .* and run init/,
  )
  expect(lackOf('orders', ['id', 'order_id', 'user_id', 'ordered_at'])[0]).toMatch(
    /^--streams orders: public\.order_lines is another table, without product, category, price, quantity, place/,
  )
})

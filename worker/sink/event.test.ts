import {expect, test} from 'vitest'
import {planShown} from '../../readmodel/shown.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {orders} from '../../test/order-stream.ts'
import {toRecord, toSource, TOPIC} from '../../test/sink-events.ts'
import {createEventPrinter, eventIdOf} from './event.ts'

test('an event is said as single events are served: its columns, what is shown beside, what was before', () => {
  const shown = planShown(engagement)
  const before = {...toRecord(7, {duration_ms: 10_000})}
  const record = toRecord(7, {op: 'u', raw_payload: '{"position_ms":1e2}', before})
  const row = {content_type: 'podcast', length_seconds: 60}
  const event = {
    id: eventIdOf(engagement, record),
    source: toSource(12, null),
    record,
    shown: shown.valuesOf(record, () => row),
  }
  const text = createEventPrinter(engagement, shown)(event)
  expect(JSON.parse(text)).toEqual({
    id: 'engagement-7-1767225600000007',
    op: 'u',
    outbox_id: 7,
    created_at: '2026-01-01T00:00:00.000007Z',
    partition: 0,
    offset: 12,
    event: {
      event_id: 7,
      content_id: '11111111-1111-1111-1111-111111111111',
      user_id: null,
      event_type: 'play',
      event_ts: '2026-01-01T00:00:00.000000Z',
      duration_ms: 30_000,
      device: 'ios',
      raw_payload: {position_ms: 100},
      content_type: 'podcast',
      length_seconds: 60,
      engagement_seconds: 30,
      engagement_pct: 0.5,
    },
    before: expect.objectContaining({event_id: 7, duration_ms: 10_000}),
  })
  // A document stays as PostgreSQL printed it.
  expect(text).toContain('"raw_payload":{"position_ms":1e2}')
})

test('decimals keep their digits, and looked-up columns stand beside', () => {
  const columns = Object.fromEntries(orders.columns.map(({field}) => [field, null]))
  const money = orders.columns.find(({kind}) => kind === 'decimal')!
  const [alias, {columns: added}] = Object.entries(orders.enrich)[0]!
  const record = {
    ...toRecord(1),
    ...columns,
    [money.field]: '12345678901234567890.10',
    [alias]: {[added[0]!.field]: 'north'},
  }
  const source = {...toSource(1, null), topic: TOPIC}
  const print = createEventPrinter(orders, planShown(orders))
  const {event} = JSON.parse(print({id: 'x', source, record, shown: {}})) as {event: unknown}
  expect(event).toMatchObject({
    [money.field]: '12345678901234567890.10',
    [`${alias}_${added[0]!.field}`]: 'north',
  })
})

test('an id that the outbox gives again after a restore is another event, and has no dots', () => {
  const ids = [toRecord(7), toRecord(7, {created_at: 1})].map(one => eventIdOf(engagement, one))
  expect(ids).toEqual(['engagement-7-1767225600000007', 'engagement-7-1'])
})

import {describe, expect, test} from 'vitest'
import {CONTENT_TYPES, EVENT_TYPES} from '../../db/tables.ts'
import {planStream} from '../../readmodel/plan.ts'
import {activity} from '../../streams/activity.ts'
import {engagement} from '../../streams/engagement.ts'
import {orders} from '../../test/streams-with-orders/orders.ts'
import type {ContentTable} from '../content-table.ts'
import type {Problem} from '../problem.ts'
import {createContentFacts} from '../reads/content-facts.ts'
import type {QueryBody} from '../schemas/query.ts'
import {planQuery} from './plan.ts'
import {subjectOf} from './subject.ts'

const NOW = Date.parse('2026-04-08T10:30:00Z')
const facts = createContentFacts({} as ContentTable, {
  content_type: CONTENT_TYPES,
  event_type: EVENT_TYPES,
})
const SUBJECTS = {
  orders: subjectOf(planStream(orders)),
  activity: subjectOf(planStream(activity)),
  engagement: subjectOf(planStream(engagement), facts),
}

type Asked = Partial<QueryBody> & {readonly stream: keyof typeof SUBJECTS}

const plan = ({stream, ...body}: Asked) =>
  planQuery({metrics: ['orders'], date_range: 'all', ...body}, SUBJECTS[stream], NOW)

function refusal(asked: Asked): {status: number; field: string; detail: string} {
  try {
    plan(asked)
  } catch (error) {
    const {status, errors} = error as Problem
    return {status, field: errors[0]!.field, detail: errors[0]!.detail}
  }
  throw new Error('it was not refused')
}

const APRIL = ['2026-04-01', '2026-04-08'] as const

describe('the rollup that answers with the least that is read', () => {
  test.each<[Asked, string, string]>([
    [{stream: 'orders'}, 'all', 'keys'],
    [{stream: 'orders', dimensions: ['status']}, 'all', 'keys'],
    [{stream: 'orders', dimensions: ['status', 'product']}, 'shop_id', 'scan'],
    [{stream: 'orders', dimensions: ['product']}, 'product', 'scan'],
    [
      {stream: 'orders', dimensions: ['product'], filters: [['is', 'shop_id', [1]]]},
      'shop_id',
      'keys',
    ],
    [{stream: 'orders', dimensions: ['shop.region']}, 'product', 'scan'],
    [{stream: 'orders', dimensions: ['shop.region', 'status']}, 'shop.region_status', 'scan'],
    [
      {stream: 'orders', dimensions: ['status'], filters: [['is', 'shop.region', ['north']]]},
      'shop.region_status',
      'firsts',
    ],
    // Only by shop there are minutes of products.
    [
      {stream: 'orders', dimensions: ['product', 'time:minute'], date_range: '60m'},
      'shop_id',
      'scan',
    ],
    [
      {stream: 'orders', dimensions: ['product', 'time:day'], date_range: [...APRIL]},
      'product',
      'scan',
    ],
    [
      {
        stream: 'activity',
        metrics: ['activities'],
        dimensions: ['activity_type', 'time:weekday', 'time:hour_of_day'],
        date_range: [...APRIL],
        timezone: 'Europe/Berlin',
      },
      'all',
      'keys',
    ],
    [
      {stream: 'activity', metrics: ['activities'], filters: [['is', 'user_id', ['u1']]]},
      'user_id',
      'keys',
    ],
    [
      {
        stream: 'activity',
        metrics: ['activities'],
        filters: [
          ['is', 'user_id', ['u1', 'u2']],
          ['is', 'activity_type', ['page_view', null]],
        ],
      },
      'user_id',
      'keys',
    ],
    // Of page views the rollup of pages has all.
    [{stream: 'activity', metrics: ['page_views'], dimensions: ['page']}, 'pages', 'scan'],
    [{stream: 'engagement', metrics: ['plays'], dimensions: ['device']}, 'all', 'keys'],
    [{stream: 'engagement', metrics: ['unique_viewers']}, 'content_id', 'scan'],
    [
      {stream: 'engagement', metrics: ['plays'], dimensions: ['content_type']},
      'content_id',
      'scan',
    ],
    [{stream: 'engagement', metrics: ['engagement_pct_avg']}, 'content_id', 'scan'],
    [
      {
        stream: 'engagement',
        metrics: ['plays'],
        filters: [['is', 'content', ['5A3B1E00-0000-4000-8000-000000000001']]],
      },
      'content_id',
      'keys',
    ],
  ])('%j: %s by %s', (asked, name, kind) => {
    const {rollup, access} = plan(asked)
    expect([rollup.name, access.kind]).toEqual([name, kind])
  })

  test('keys are all combinations of what filters name, up to a thousand', () => {
    const filters: QueryBody['filters'] = [
      ['is', 'shop.region', ['n', 's']],
      ['is', 'status', ['new', 'paid']],
    ]
    const {access} = plan({stream: 'orders', filters})
    expect(access).toEqual({
      kind: 'keys',
      keys: ['["n","new"]', '["n","paid"]', '["s","new"]', '["s","paid"]'],
    })
    const many = Array.from({length: 1001}, (_, i) => `u${i}`)
    const asked: Asked = {stream: 'activity', metrics: ['activities']}
    expect(plan({...asked, filters: [['is', 'user_id', many]]}).access).toEqual({kind: 'scan'})
  })
})

describe('automatic time', () => {
  test('is by the length of the period', () => {
    const granularityOf = (date_range: QueryBody['date_range']) =>
      plan({stream: 'orders', dimensions: ['time'], date_range}).granularity
    expect(['60m', 'day', '7d', '6mo', 'all'].map(granularityOf)).toEqual([
      'minute',
      'hour',
      'day',
      'month',
      'month',
    ])
  })

  test('is longer where the stored buckets are', () => {
    const day = plan({
      stream: 'activity',
      metrics: ['activities'],
      dimensions: ['time', 'user_id'],
      date_range: 'day',
    })
    expect([day.granularity, day.rollup.name]).toEqual(['day', 'user_id'])
  })
})

describe('INV-115: refused with the reason, and what to declare', () => {
  test.each<[string, Asked, string, string]>([
    [
      'dimensions that no rollup has together',
      {stream: 'orders', dimensions: ['buyer', 'product', 'time:day'], date_range: [...APRIL]},
      '/dimensions',
      `orders is not counted by buyer and product together: declare {by: ['buyer', 'product'], every: ['day', 'total']} in streams/orders.ts`,
    ],
    [
      'a column that nothing is counted by',
      {stream: 'orders', dimensions: ['placed_at', 'status']},
      '/dimensions',
      `orders is not counted by placed_at and status together: declare {by: ['placed_at', 'status'], every: ['total']} in streams/orders.ts`,
    ],
    [
      'dimensions of which some are split by elsewhere',
      {stream: 'engagement', metrics: ['plays'], dimensions: ['user_id', 'device']},
      '/dimensions',
      `engagement is not counted by user_id and device together: declare {by: 'user_id', split: ['device'], every: ['total']} in streams/engagement.ts`,
    ],
    [
      'INV-116: a rollup of some events only',
      {stream: 'orders', dimensions: ['buyer']},
      '/metrics',
      `the rollup buyer counts events with {"status":{"present":true}} only: declare {by: 'buyer', every: ['total']} in streams/orders.ts`,
    ],
    [
      'INV-116: a measure of more events than the rollup counts',
      {stream: 'activity', metrics: ['activities'], dimensions: ['page']},
      '/metrics',
      `the rollup pages counts events with {"activity_type":"page_view","page":{"present":true}} only: declare {by: 'page', every: ['total']} in streams/activity.ts`,
    ],
    [
      'a measure that the rollup does not have',
      {stream: 'activity', metrics: ['page_views'], dimensions: ['user_id']},
      '/metrics',
      `the rollup days does not have page_views: declare its measures with ['page_views'] in streams/activity.ts`,
    ],
    [
      'a day of a zone within a stored bucket',
      {
        stream: 'orders',
        dimensions: ['shop.region', 'status', 'time:day'],
        date_range: [...APRIL],
        timezone: 'Asia/Kolkata',
      },
      '/date_range',
      `the rollup shop.region_status is kept by hour in UTC, and the time that is asked for begins or ends within: declare its every as ['hour', 'quarter', 'total'] in streams/orders.ts`,
    ],
    [
      'hours of the day of a zone within a stored bucket',
      {
        stream: 'orders',
        dimensions: ['shop.region', 'status', 'time:hour_of_day'],
        date_range: [...APRIL],
        timezone: 'Asia/Kolkata',
      },
      '/date_range',
      `the rollup shop.region_status is kept by hour in UTC, and the time that is asked for begins or ends within: declare its every as ['hour', 'quarter', 'total'] in streams/orders.ts`,
    ],
    [
      'a period of what is kept in total',
      {stream: 'activity', metrics: ['page_views'], dimensions: ['page'], date_range: [...APRIL]},
      '/date_range',
      `the rollup pages is kept in total only, and the time that is asked for begins or ends within: declare its every as ['day', 'total'] in streams/activity.ts`,
    ],
    [
      'a comparison that stored buckets do not have',
      {
        stream: 'orders',
        dimensions: ['product'],
        date_range: [...APRIL],
        include: {
          comparisons: {mode: 'custom', date_range: ['2026-03-01T00:07:00Z', '2026-03-02']},
        },
      },
      '/date_range',
      'never',
    ],
  ])('%s', (_what, asked, field, detail) => {
    // By shop there are minutes of products, too.
    if (detail === 'never') return expect(plan(asked).rollup.name).toBe('shop_id')
    expect(refusal(asked)).toEqual({status: 422, field, detail})
  })

  test.each<[string, Asked, number, string, RegExp]>([
    [
      'an unknown metric',
      {stream: 'orders', metrics: ['orders', 'profit']},
      400,
      '/metrics/1',
      /^must be one of orders, returned/,
    ],
    [
      'an unknown dimension',
      {stream: 'orders', dimensions: ['colour']},
      400,
      '/dimensions/0',
      /^must be one of shop_id/,
    ],
    [
      'an unknown part of time',
      {stream: 'orders', dimensions: ['time:year']},
      400,
      '/dimensions/0',
      /^must be one of time, time:minute/,
    ],
    [
      'two of time',
      {stream: 'orders', dimensions: ['time', 'time:day']},
      422,
      '/dimensions',
      /one dimension of time/,
    ],
    [
      'an order by what is not asked for',
      {stream: 'orders', order_by: [['revenue', 'asc']]},
      422,
      '/order_by/0/0',
      /neither a metric nor a dimension/,
    ],
    [
      'an unknown zone',
      {stream: 'orders', timezone: 'Mars/Base'},
      422,
      '/timezone',
      /not a time zone/,
    ],
  ])('%s', (_what, asked, status, field, detail) => {
    expect(refusal(asked)).toEqual({status, field, detail: expect.stringMatching(detail)})
  })
})

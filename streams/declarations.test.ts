/** What ours beside the sample answer: each question that people ask of them has a rollup that answers it. */
import {expect, test} from 'vitest'
import {planQuery} from '../api/query/plan.ts'
import {subjectOf} from '../api/query/subject.ts'
import type {QueryBody} from '../api/schemas/query.ts'
import {planStream} from '../readmodel/plan.ts'
import {loadStreams} from './load.ts'

const streams = await loadStreams('streams')
const plans = new Map(streams.map(one => [one.name, planStream(one)]))

test('their topics, keys and tables are those that others go by', () => {
  const ours = streams.filter(({role}) => role === null)
  expect(ours.map(({name, topic, keyColumn, table}) => [name, topic, keyColumn, table])).toEqual([
    ['alerts', 'alerts', 'source', 'api.alert_incidents'],
    ['logs', 'logs', 'service', 'public.logs'],
    ['orders', 'orders', 'user_id', 'public.order_lines'],
    ['readings', 'readings', 'device', 'public.readings'],
    ['users', 'users_created', 'id', 'public.users'],
  ])
})

const MARCH = ['2026-03-01', '2026-04-01'] as const

test.each<[string, Partial<QueryBody> & {readonly stream: string}, string, string]>([
  [
    'demographics over time',
    {
      stream: 'users',
      metrics: ['registrations', 'age_avg'],
      dimensions: ['time:month', 'age_band', 'gender'],
    },
    'all',
    'keys',
  ],
  [
    'where users are, and how old',
    {stream: 'users', metrics: ['registrations', 'age_p50'], dimensions: ['country', 'age_band']},
    'country',
    'scan',
  ],
  [
    'the cities of a country',
    {
      stream: 'users',
      metrics: ['registrations'],
      dimensions: ['city'],
      filters: [['is', 'country', ['Norway']]],
    },
    'country_city',
    'firsts',
  ],
  [
    'when people register',
    {
      stream: 'users',
      metrics: ['registrations', 'emails', 'countries'],
      dimensions: ['time:weekday', 'time:hour_of_day'],
      timezone: 'Asia/Kolkata',
    },
    'all',
    'keys',
  ],
  [
    'the value of baskets by category',
    {stream: 'orders', metrics: ['revenue', 'baskets', 'basket_value'], dimensions: ['category']},
    'all',
    'keys',
  ],
  [
    'what bands of age spend on what',
    {
      stream: 'orders',
      metrics: ['revenue', 'customers'],
      dimensions: ['category', 'customer.age_band', 'time:minute'],
      date_range: '60m',
    },
    'all',
    'keys',
  ],
  [
    'a product in a place of its own zone',
    {
      stream: 'orders',
      metrics: ['units', 'unit_price', 'price_p90'],
      dimensions: ['time:day'],
      filters: [['is', 'product', ['Lamp']]],
      timezone: 'America/New_York',
    },
    'product',
    'keys',
  ],
  [
    'what a customer bought, and when last',
    {
      stream: 'orders',
      metrics: ['revenue', 'basket_value', 'last_ordered_at'],
      dimensions: ['category'],
      filters: [['is', 'user_id', ['5a3b1e00-0000-4000-8000-000000000001']]],
    },
    'user_id',
    'keys',
  ],
  [
    'sales of places',
    {stream: 'orders', metrics: ['revenue'], dimensions: ['place', 'category']},
    'place',
    'scan',
  ],
  [
    'sales of countries',
    {stream: 'orders', metrics: ['revenue'], dimensions: ['customer.country']},
    'customer.country',
    'scan',
  ],
  [
    'a sensor over an hour',
    {
      stream: 'readings',
      metrics: ['readings', 'latest', 'lowest', 'highest', 'mean', 'spread', 'value_p99'],
      dimensions: ['time:minute'],
      filters: [
        ['is', 'device', ['d1']],
        ['is', 'sensor', ['t']],
      ],
      date_range: '60m',
    },
    'device_sensor',
    'keys',
  ],
  [
    'sensors of all devices',
    {stream: 'readings', metrics: ['mean', 'spread'], dimensions: ['sensor']},
    'sensor',
    'scan',
  ],
  [
    'error share of services by minute',
    {
      stream: 'logs',
      metrics: ['lines', 'error_share'],
      dimensions: ['service', 'time:minute'],
      date_range: '60m',
    },
    'service',
    'scan',
  ],
  ['rates by level', {stream: 'logs', metrics: ['lines'], dimensions: ['level']}, 'all', 'keys'],
  [
    'new messages of a service',
    {
      stream: 'logs',
      metrics: ['first_logged_at', 'lines', 'last_message'],
      dimensions: ['fingerprint'],
      filters: [['is', 'service', ['api']]],
      order_by: [['first_logged_at', 'desc']],
    },
    'service_fingerprint',
    'firsts',
  ],
  [
    'messages of all services',
    {stream: 'logs', metrics: ['lines', 'errors'], dimensions: ['fingerprint']},
    'fingerprint',
    'scan',
  ],
  [
    'activities by type of all users, by hour of the day',
    {
      stream: 'activity',
      metrics: ['activities'],
      dimensions: ['activity_type', 'time:hour_of_day'],
      timezone: 'Europe/Berlin',
    },
    'all',
    'keys',
  ],
])('%s: by a rollup that has it', (_, {stream, ...body}, name, access) => {
  const subject = subjectOf(plans.get(stream)!)
  const asked = {metrics: [], date_range: [...MARCH], ...body} as QueryBody
  const {rollup, access: found} = planQuery(asked, subject, Date.parse('2026-04-08T10:30:00Z'))
  expect([rollup.name, found.kind]).toEqual([name, access])
})

/** Refusals name one cause where there is one: what is wrong, where, and what it must be. */
import {afterAll, describe, expect, test} from 'vitest'
import {METRIC_NAMES} from '../api/measures.ts'
import {ADMIN, composeAway} from './api-away.ts'

const {app} = await composeAway()
await app.ready()
afterAll(async () => await app.close())

interface Refusal {
  readonly detail: string
  readonly errors: readonly {
    readonly in: string
    readonly field: string
    readonly detail: string
    readonly value?: unknown
  }[]
}

async function refused(url: string, payload?: unknown, status = 400): Promise<Refusal> {
  const answer = await app.inject({
    method: payload === undefined ? 'GET' : 'POST',
    url,
    headers: {
      authorization: `Bearer ${ADMIN.key}`,
      ...(payload === undefined ? {} : {'content-type': 'application/json'}),
    },
    ...(payload === undefined ? {} : {payload: JSON.stringify(payload)}),
  })
  expect(answer.statusCode).toBe(status)
  return answer.json<Refusal>()
}

const ask = (filters: unknown, more: object = {}) =>
  refused('/v1/query', {metrics: ['plays'], date_range: '7d', filters, ...more})

describe('a wrong filter has one cause', () => {
  const TEST = 'must be [operator, dimension, [values]], such as ["is", "device", ["ios"]]'
  const DIMENSIONS = 'must be one of content_id, event_type, device, content, content_type'
  const FILTER = 'must be a filter, such as ["is", "device", ["ios"]]'

  test.each([
    [
      'an unknown operator',
      [['equals', 'device', ['ios']]],
      '/filters/0/0',
      'must be one of is, is_not, contains, contains_not, matches, matches_not, matches_wildcard, matches_wildcard_not, equal, not_equal, greater, greater_or_equal, less, less_or_equal, and, or, not, has_done, has_not_done',
      'equals',
    ],
    ['an unknown dimension', [['is', 'foo', ['x']]], '/filters/0/1', DIMENSIONS, 'foo'],
    [
      'one value that is no list',
      [['is', 'device', 'ios']],
      '/filters/0/2',
      'must be a list of 1 to 1000 values, such as ["ios"]',
      'ios',
    ],
    ['no values', [['is', 'device']], '/filters/0', TEST, '["is","device"]'],
    [
      'one too many',
      [['is', 'device', ['ios'], 1]],
      '/filters/0/3',
      'must be {"case_sensitive": false}',
      1,
    ],
    ['a text', ['device'], '/filters/0', FILTER, 'device'],
    ['no list around it', ['is', 'device', ['ios']], '/filters/0', FILTER, 'is'],
    [
      'no list around what is joined',
      [['and', ['is', 'device', ['ios']]]],
      '/filters/0/1/0',
      FILTER,
      'is',
    ],
    [
      'a wrong one among those that are joined',
      [
        [
          'or',
          [
            ['is', 'device', ['ios']],
            ['is', 'foo', ['x']],
          ],
        ],
      ],
      '/filters/0/1/1/1',
      DIMENSIONS,
      'foo',
    ],
    [
      'a wrong one that is denied',
      [['not', ['is', 'foo', ['x']]]],
      '/filters/0/1/1',
      DIMENSIONS,
      'foo',
    ],
    [
      'an object, as other APIs have it',
      [{field: 'device', value: 'ios'}],
      '/filters/0',
      FILTER,
      '{"field":"device","value":"ios"}',
    ],
  ])('%s', async (_what, filters, field, detail, value) => {
    const refusal = await ask(filters)
    expect(refusal.errors).toEqual([{in: 'body', field, detail, value}])
    expect(refusal.detail).toBe(`${field} ${detail}`)
  })
})

test.each([
  [
    '7days',
    'all, day, yesterday, week, month, last_month, year, or a number with m, h, d, w or mo, such as 7d',
  ],
  [['2026-01-01'], '[start, end], such as ["2026-01-01", "2026-02-01"]'],
  [7, 'a period such as 7d, or [start, end]'],
])('a period of %j is refused with what it must be', async (range, words) => {
  const {errors} = await refused('/v1/query', {metrics: ['plays'], date_range: range})
  expect(errors).toMatchObject([{field: '/date_range', detail: `must be ${words}`}])
})

describe('of a stream that is named', () => {
  const orders = (more: object) =>
    refused('/v1/query', {metrics: ['activities'], date_range: 'all', ...more})

  test.each([
    ['an unknown stream', {stream: 'nothing'}, '/stream', 'must be one of activity, engagement'],
    [
      'one that nothing is counted of',
      {stream: 'content'},
      '/stream',
      'must be one of activity, engagement',
    ],
    [
      'a metric of another stream',
      {stream: 'activity', metrics: ['plays']},
      '/metrics/0',
      'must be one of activities, page_views, last_seen_at',
    ],
    [
      'a dimension of another stream',
      {stream: 'activity', dimensions: ['device']},
      '/dimensions/0',
      'must be one of user_id, activity_type, page',
    ],
    [
      'a number for a text',
      {stream: 'activity', filters: [['is', 'user_id', [7]]]},
      '/filters/0/2/0',
      'must be a text, as user_id is',
    ],
    [
      'a comparison with a text',
      {stream: 'activity', filters: [['greater', 'activities', '7']]},
      '/filters/0/2',
      'must be a number',
    ],
    [
      'another mode of comparison',
      {stream: 'activity', include: {comparisons: {mode: 'before'}}},
      '/include/comparisons/mode',
      'must be one of previous_period, year_over_year, custom',
    ],
  ])('%s is refused by name', async (_what, more, field, detail) => {
    const {errors} = await orders(more)
    expect(errors).toMatchObject([{in: 'body', field, detail}])
  })

  test.each([
    ['/v1/segments?stream=nothing', undefined, 'stream'],
    ['/v1/segments', {stream: 'nothing', name: 'x', filters: [['is', 'a', ['b']]]}, '/stream'],
  ])('%s: an unknown stream is refused by name', async (path, body, field) => {
    const {errors} = await refused(path, body)
    expect(errors).toMatchObject([{field, detail: 'must be one of activity, engagement'}])
  })

  test('a segment is checked before it is stored', async () => {
    const {errors} = await refused('/v1/segments', {
      name: 'x',
      filters: [['is', 'colour', ['red']]],
    })
    expect(errors).toMatchObject([{field: '/filters/0/1', value: 'colour'}])
    const none = await refused('/v1/segments', {name: 'x', filters: []})
    expect(none.errors).toMatchObject([{field: '/filters'}])
  })
})

test('a list of events without an object around it gets the hint to one', async () => {
  const {detail, errors} = await refused('/v1/engagement-events', [{event_type: 'play'}])
  expect(errors).toHaveLength(1)
  expect(detail).toBe(
    'the body must be one event, or a list of them in an object: {"events": [...]}',
  )
})

test('of several events each that is wrong is named, and the count is that of the others', async () => {
  const events = [{event_type: 'play'}, {event_type: 'x'}, {event_type: 'play', id: 1}, {}]
  const {detail, errors} = await refused('/v1/engagement-events', {events})
  expect(errors.map(({field}) => field)).toEqual([
    '/events/1/event_type',
    '/events/2/id',
    '/events/3/event_type',
  ])
  expect(detail).toBe('/events/1/event_type must be one of play, pause, finish, click (and 2 more)')
})

test('the count is right where more is wrong than is listed', async () => {
  const events = Array.from({length: 30}, () => ({event_type: 'x'}))
  const {detail, errors} = await refused('/v1/engagement-events', {events})
  expect(errors).toHaveLength(20)
  expect(detail).toMatch(/\(and 29 more\)$/)
})

test.each([
  ['/v1/content/7', 'id', 'must be a UUID such as 5a3b1e00-0000-4000-8000-000000000001'],
  ['/v1/content?limit=many', 'limit', 'must be a whole number'],
  ['/v1/content?limit=501', 'limit', 'must be at most 500'],
  ['/v1/content?search=', 'search', 'must have at least 1 character'],
  [
    '/v1/content?cursor=x',
    'cursor',
    'must be `page.next_cursor` of the page before, as it was given',
  ],
  [
    '/v1/content?colour=red',
    'colour',
    'is not a field that is known here: there are search, content_type, order, limit, cursor',
  ],
  [
    '/v1/top?from=yesterday',
    'from',
    'must be a date, or a time with its offset: 2026-01-31, or 2026-01-31T12:00:00Z',
  ],
  [
    '/v1/streams/A!/active',
    'stream',
    'must be the name of a stream in small letters, such as engagement',
  ],
  ['/v1/streams?x=1', 'x', 'is not a field that is known here: there is none'],
])('%s is refused in words, not by a pattern', async (url, field, detail) => {
  const {errors} = await refused(url)
  expect(errors).toMatchObject([{field, detail}])
})

const OF_CONTENTS = METRIC_NAMES.join(', ')
const BY_ALL = 'events, plays, pauses, finishes, clicks, events_with_duration, engagement_seconds'
const WINDOW = 'by content_id there are events, engagement_seconds, plays, unique_viewers'

test.each([
  [
    '/v1/content/5a3b1e00-0000-4000-8000-000000000001/metrics',
    `of contents there are ${OF_CONTENTS}`,
  ],
  [
    '/v1/content/5a3b1e00-0000-4000-8000-000000000001/timeseries',
    `of contents there are ${OF_CONTENTS}`,
  ],
  [
    '/v1/content/5a3b1e00-0000-4000-8000-000000000001/breakdowns/device',
    `of contents there are ${OF_CONTENTS}`,
  ],
  ['/v1/top', `of contents there are ${OF_CONTENTS}`],
  ['/v1/streams/engagement/metrics', `by all there are ${BY_ALL}`],
  ['/v1/streams/engagement/timeseries', `by all there are ${BY_ALL}`],
  ['/v1/streams/engagement/breakdown/device', `by all there are ${BY_ALL}`],
  ['/v1/streams/engagement/top?by=content_id', WINDOW],
])(
  '%s: figures that are not there are refused by name, before any store is asked',
  async (path, words) => {
    for (const list of ['metrics=events,wrong', 'metrics=events&metrics=wrong']) {
      const url = `${path}${path.includes('?') ? '&' : '?'}${list}`
      const {errors} = await refused(url, undefined, 422)
      expect(errors).toMatchObject([{in: 'query', field: 'metrics', value: 'wrong'}])
      expect(errors[0]!.detail).toContain(words)
    }
  },
)

test.each(['', 'a b', ','.repeat(5000)])(
  'a list of figures like %j is refused in words',
  async list => {
    const {errors} = await refused(`/v1/top?metrics=${encodeURIComponent(list)}`)
    expect(errors).toMatchObject([{in: 'query', field: 'metrics/0'}])
  },
)

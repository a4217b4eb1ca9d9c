/** Alerts over REST, with PostgreSQL and no other store: rules, channels, messages, incidents. */
import {expect, test} from 'vitest'
import {toDatabase} from '../api/postgres.ts'
import {openAlertWorld} from './alert-world.ts'
import {ADMIN, composeAway} from './api-away.ts'

interface Refusal {
  readonly detail: string
  readonly errors: readonly {readonly field: string; readonly detail: string}[]
}

async function setup() {
  await using resources = new AsyncDisposableStack()
  const world = resources.use(await openAlertWorld())
  const {app} = await composeAway('streams/sample', toDatabase(world.pool))
  resources.defer(async () => await app.close())
  const ask = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: object) => {
    const headers = {authorization: `Bearer ${ADMIN.key}`}
    const payload = body === undefined ? {} : {payload: body}
    const answer = await app.inject({method, url, headers, ...payload})
    return {status: answer.statusCode, body: (answer.body === '' ? null : answer.json()) as never}
  }
  const owned = resources.move()
  return {world, ask, [Symbol.asyncDispose]: () => owned.disposeAsync()}
}

const RULE = {
  name: 'many activities',
  stream: 'activity',
  metric: 'activities',
  kind: 'above',
  threshold: 10,
  window_minutes: 5,
}

test('a rule is made with what is usual, changed, muted and deleted, and what is open of it ends with it', async () => {
  await using own = await setup()
  const {ask, world} = own
  const made = await ask('POST', '/v1/alerts/rules', RULE)
  expect(made.status).toBe(201)
  const {id} = made.body as {id: string}
  expect(made.body).toMatchObject({
    ...RULE,
    dimension: null,
    filters: [],
    severity: 'warning',
    days: 7,
    open: 0,
    judged_at: null,
    not_judged: null,
  })
  expect((await ask('POST', '/v1/alerts/rules', RULE)).status).toBe(409)
  const changes = {threshold: 20.5, muted_until: '2099-12-31T00:00:00Z', severity: 'critical'}
  const changed = await ask('PATCH', `/v1/alerts/rules/${id}`, changes)
  expect(changed.body).toMatchObject({
    ...changes,
    muted_until: '2099-12-31T00:00:00.000000Z',
    metric: 'activities',
  })
  await world.pool.query(
    `INSERT INTO api.alert_incidents (source, subject, rule, kind, stream, metric, severity, summary)
     VALUES ($1, '', 'many activities', 'above', 'activity', 'activities', 'critical', 'many')`,
    [id],
  )
  expect((await ask('GET', `/v1/alerts/rules/${id}`)).body).toMatchObject({open: 1})
  expect((await ask('DELETE', `/v1/alerts/rules/${id}`)).status).toBe(204)
  expect((await ask('DELETE', `/v1/alerts/rules/${id}`)).status).toBe(404)
  expect((await ask('GET', '/v1/alerts')).body).toMatchObject({
    items: [{status: 'resolved', resolution: 'its rule was deleted'}],
  })
})

type Refused = readonly [change: object, status: number, field: string, words: string]

const REFUSED: Readonly<Record<string, Refused>> = {
  'another metric': [{metric: 'plays'}, 400, '/metric', 'page_views'],
  'a metric that is no number': [
    {stream: 'engagement', metric: 'last_event_at', dimension: 'content_id'},
    422,
    '/metric',
    '',
  ],
  'another dimension': [{dimension: 'shoe'}, 400, '/dimension', ''],
  'time as dimension': [{dimension: 'time:day'}, 422, '/dimension', 'the window is'],
  'what only days are kept of': [{dimension: 'user_id'}, 422, '/window_minutes', ''],
  'another stream': [{stream: 'shoes'}, 400, '/stream', 'activity'],
  'filters that do not fit': [{filters: [['is', 'shoe', ['a']]]}, 400, '/filters/0/1', ''],
  'no threshold': [{threshold: null}, 400, '/threshold', 'above needs one'],
  'an absence with one': [{kind: 'absence'}, 400, '/threshold', 'left out'],
  'a change of nothing': [{kind: 'change', threshold: 0}, 422, '/threshold', 'more than 0'],
  'a channel that is not there': [{channels: ['pager']}, 422, '/channels/0', 'none'],
  'a window that is too long': [{window_minutes: 1441}, 400, '/window_minutes', '1440'],
}

test('a rule that nothing could judge is refused by its field', async () => {
  await using own = await setup()
  for (const [what, [change, status, field, words]] of Object.entries(REFUSED)) {
    const refused = await own.ask('POST', '/v1/alerts/rules', {...RULE, ...change})
    const {errors, detail} = refused.body as Refusal
    expect([refused.status, errors[0]?.field], what).toEqual([status, field])
    expect(errors[0]!.detail).toContain(words)
    expect(detail, 'speaks of the question that the rule is made into').not.toMatch(
      /\/(metrics|dimensions|date_range)/,
    )
  }
})

test('a channel shows its secret once, and stays while rules send to it', async () => {
  await using own = await setup()
  const {ask} = own
  const pager = {name: 'pager', kind: 'webhook', address: 'https://example.com/alerts'}
  const made = await ask('POST', '/v1/alerts/channels', pager)
  expect(made.body).toMatchObject({...pager, secret: expect.stringMatching(/^whsec_/)})
  expect((await ask('POST', '/v1/alerts/channels', pager)).status).toBe(409)
  for (const address of ['ftp://x/y', 'https://a:b@x/y', 'x']) {
    const refused = await ask('POST', '/v1/alerts/channels', {...pager, name: 'other', address})
    expect([refused.status, (refused.body as Refusal).errors[0]?.field]).toEqual([422, '/address'])
  }
  const {id} = (await ask('POST', '/v1/alerts/rules', {...RULE, channels: ['pager']})).body as {
    id: string
  }
  expect((await ask('DELETE', '/v1/alerts/channels/pager')).status).toBe(409)
  const listed = await ask('GET', '/v1/alerts/channels')
  expect(listed.body).toMatchObject({items: [{name: 'pager', failures: 0, waiting: 0, dead: 0}]})
  expect(JSON.stringify(listed.body)).not.toContain('whsec_')
  await ask('DELETE', `/v1/alerts/rules/${id}`)
  expect((await ask('DELETE', '/v1/alerts/channels/pager')).status).toBe(204)
})

test('incidents are listed page by page, acknowledged by who was first, and muted', async () => {
  await using own = await setup()
  const {ask, world} = own
  await world.pool.query(
    `INSERT INTO api.alert_incidents (source, subject, rule, kind, stream, metric, severity, summary, resolved_at)
     SELECT 'anomalies', 'd' || n, 'anomalies', 'anomaly', 'readings', 'heat', 'warning', 'odd', CASE WHEN n % 2 = 0 THEN now() END
       FROM generate_series(1, 5) n`,
  )
  const idsOf = ({body}: {body: never}) => (body as {items: {id: string}[]}).items.map(({id}) => id)
  const first = await ask('GET', '/v1/alerts?limit=2')
  expect(idsOf(first)).toEqual(['5', '4'])
  const {next_cursor: cursor} = (first.body as {page: {next_cursor: string}}).page
  expect(idsOf(await ask('GET', `/v1/alerts?limit=2&cursor=${cursor}`))).toEqual(['3', '2'])
  expect(idsOf(await ask('GET', '/v1/alerts?status=open'))).toEqual(['5', '3', '1'])
  expect(idsOf(await ask('GET', '/v1/alerts?severity=critical'))).toEqual([])
  const seen = await ask('POST', '/v1/alerts/3/acknowledge')
  expect(seen.body).toMatchObject({id: '3', status: 'open', acknowledged_by: ADMIN.prefix})
  expect((await ask('POST', '/v1/alerts/3/acknowledge')).body).toEqual(seen.body)
  const until = '2099-12-31T00:00:00Z'
  expect((await ask('POST', '/v1/alerts/3/mute', {until})).body).toMatchObject({
    muted_until: '2099-12-31T00:00:00.000000Z',
  })
  expect((await ask('POST', '/v1/alerts/3/mute', {until: null})).body).toMatchObject({
    muted_until: null,
  })
  expect((await ask('GET', '/v1/alerts/99')).status).toBe(404)
})

test('a dead letter that is discarded is open no more, and cannot be re-driven', async () => {
  await using own = await setup()
  const {ask, world} = own
  await world.addChannel('mail')
  await world.pool.query(
    `INSERT INTO api.alert_deliveries (channel, message_id, payload, state, attempts, finished_at, error)
     VALUES ('mail', 'alert_1_opened', '{}', 'dead', 5, now(), 'it answers 400')`,
  )
  expect((await ask('POST', '/v1/alerts/deliveries/1/discard')).body).toMatchObject({
    state: 'discarded',
    error: 'it answers 400',
  })
  expect((await ask('GET', '/v1/alerts/channels')).body).toMatchObject({items: [{dead: 0}]})
  expect((await ask('POST', '/v1/alerts/deliveries/1/discard')).status).toBe(409)
  expect((await ask('POST', '/v1/alerts/deliveries/1/redrive')).status).toBe(409)
  expect((await ask('POST', '/v1/alerts/deliveries/9/discard')).status).toBe(404)
})

test('a dead letter waits again when it is re-driven, and its channel at once', async () => {
  await using own = await setup()
  const {ask, world} = own
  await world.addChannel('mail')
  await world.pool.query(
    `UPDATE api.alert_channels SET failures = 9, retry_at = now() + interval '1 hour'`,
  )
  await world.pool.query(
    `INSERT INTO api.alert_deliveries (channel, message_id, payload, state, attempts, finished_at, error)
     VALUES ('mail', 'alert_1_opened', '{}', 'dead', 5, now(), 'it answers 400'),
            ('mail', 'alert_2_opened', '{}', 'sent', 1, now(), NULL)`,
  )
  expect((await ask('GET', '/v1/alerts/deliveries?state=dead')).body).toMatchObject({
    items: [{id: '1', message_id: 'alert_1_opened', error: 'it answers 400', attempts: 5}],
  })
  expect((await ask('POST', '/v1/alerts/deliveries/1/redrive')).body).toMatchObject({
    message_id: 'alert_1_opened',
    state: 'waiting',
    attempts: 0,
  })
  expect((await ask('GET', '/v1/alerts/channels')).body).toMatchObject({
    items: [{failures: 0, retry_at: null, waiting: 1, dead: 0}],
  })
  expect((await ask('POST', '/v1/alerts/deliveries/2/redrive')).status).toBe(409)
  expect((await ask('POST', '/v1/alerts/deliveries/9/redrive')).status).toBe(404)
})

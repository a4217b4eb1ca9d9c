/** INV-136: the API of declarations other than ours has what they declare, and says what it has not. */
import {afterAll, describe, expect, test} from 'vitest'
import type {Api} from '../api/app.ts'
import {absentOf} from '../api/routes/absent.ts'
import {ADMIN, composeAway} from './api-away.ts'
import {sales} from './streams/sales.ts'

interface Parameter {
  readonly name: string
  readonly schema: Readonly<Record<string, unknown>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, {parameters?: Parameter[]}>>>>
  readonly components: {
    readonly schemas: Readonly<
      Record<string, {readonly properties: Readonly<Record<string, object>>}>
    >
  }
}

/** Addresses that ask for content, engagement or activity. */
const OF_OURS =
  /^\/(v1|api)\/(content|events|top|active|users|pages|engagement|activity|live\/[^p])/

const headers = {authorization: `Bearer ${ADMIN.key}`}
const documentOf = async (app: Api): Promise<Document> =>
  (await app.inject('/openapi.json')).json<Document>()

describe('of one stream that is not engagement', async () => {
  const {app} = await composeAway('test/streams')
  afterAll(async () => await app.close())

  test.each([
    ['content', 'GET', '/v1/content?limit=3'],
    ['content', 'DELETE', '/v1/content/5a3b1e00-0000-4000-8000-000000000001'],
    ['content', 'GET', '/v1/content/5a3b1e00-0000-4000-8000-000000000001/metrics'],
    ['engagement', 'GET', '/v1/events/1'],
    ['engagement', 'GET', '/v1/top?by=plays'],
    ['engagement', 'GET', '/v1/active'],
    ['engagement', 'GET', '/v1/live/leaderboard'],
    ['engagement', 'POST', '/v1/engagement-events'],
    ['activity', 'GET', '/v1/users/u1/stats'],
    ['activity', 'GET', '/v1/pages'],
    ['activity', 'POST', '/v1/activity-events'],
    ['activity', 'POST', '/api/activity'],
  ] as const)('that there is no %s is said by %s %s', async (name, method, url) => {
    const answer = await app.inject({method, url, headers})
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toMatchObject({
      type: '/problems/not-found',
      detail: `there is no ${name} in this pipeline; its streams are sales`,
    })
  })

  test('who has no key learns nothing of it', async () => {
    expect((await app.inject('/v1/top')).statusCode).toBe(401)
  })

  test('its document has the streams, and no address of others', async () => {
    const paths = Object.keys((await documentOf(app)).paths)
    expect(paths).toEqual(expect.arrayContaining(['/v1/streams', '/v1/platform', '/v1/query']))
    expect(paths.filter(path => OF_OURS.test(path))).toEqual([])
  })
})

test('a stream that is only called activity or content is none of them', () => {
  const paths = absentOf([
    {...sales, name: 'activity'},
    {...sales, name: 'content'},
  ]).map(({path}) => path)
  expect(paths).toEqual(expect.arrayContaining(['/v1/users/*', '/v1/content/*', '/v1/top']))
})

describe('of engagement in tables of others', async () => {
  const {app} = await composeAway('test/streams-foreign')
  afterAll(async () => await app.close())

  test('ids are of the kinds of their columns, types are any text, and no time is promised', async () => {
    const {paths, components} = await documentOf(app)
    const {parameters = []} = paths['/v1/content/{id}/metrics']!['get']!
    const id = parameters.find(({name}) => name === 'id')
    expect(id).toMatchObject({name: 'id', schema: {type: 'string', pattern: '^-?\\d{1,16}$'}})
    const {Content, EngagementEvent} = components.schemas
    expect(Content!.properties).toMatchObject({
      id: {type: 'string', pattern: '^-?\\d{1,16}$'},
      content_type: {type: ['string', 'null']},
      publish_ts: {type: ['string', 'null'], format: 'date-time'},
    })
    expect(Content!.properties['content_type']).not.toHaveProperty('enum')
    expect(EngagementEvent!.properties).toMatchObject({
      event_id: {type: 'string', pattern: expect.stringContaining('0-9a-fA-F') as string},
      user_id: {type: ['string', 'null'], maxLength: 512},
      event_ts: {type: 'string', format: 'date-time'},
    })
    expect(JSON.stringify(paths)).not.toContain('x-declared')
  })

  test.each(['cooking', '1.5', '12345678901234567'])('%s is no id of theirs', async id => {
    const {statusCode, body} = await app.inject({url: `/v1/content/${id}`, headers})
    expect(statusCode).toBe(400)
    expect(body).toContain('a whole number such as 7')
  })

  test('what its application writes is not written here', async () => {
    const given = {method: 'POST', headers, payload: {}} as const
    const event = await app.inject({url: '/v1/engagement-events', ...given})
    expect(event.json()).toMatchObject({
      status: 404,
      detail: 'engagement is of media.watch_log here, which its application writes, by SQL',
    })
    expect((await app.inject({url: '/v1/content', ...given})).statusCode).toBe(405)
  })
})

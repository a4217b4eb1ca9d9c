/** Which stores the routes wait for, and what becomes of an answer that its store did not stand by. */
import {fastify} from 'fastify'
import {expect, onTestFinished, test} from 'vitest'
import {planStream} from '../../readmodel/plan.ts'
import {activity} from '../../streams/sample/activity.ts'
import type {Api} from '../app.ts'
import {createCursors} from '../cursor.ts'
import {addValidation} from '../plugins/validation.ts'
import type {Reads} from '../reads/reads.ts'
import type {Stores} from '../reads/stores.ts'
import {createStreamAnswers} from '../reads/stream-answers.ts'
import type {Waits, WaitedStore, WaitOutcome} from '../waits.ts'
import {createReadAfter} from './read-after.ts'
import {addStreamRoutes} from './streams.ts'
import {addUserRoutes} from './users.ts'

const plan = planStream(activity)

const UNREACHED = {
  reached: false,
  waitedMs: 0,
  seen: true,
  behind: 1,
  stands: async () => await Promise.resolve(false),
} satisfies WaitOutcome

async function ask(path: string, until: Waits['until'], reads: Partial<Reads> = {}) {
  const app = fastify() as unknown as Api
  onTestFinished(async () => await app.close())
  addValidation(app)
  app.setSerializerCompiler(() => JSON.stringify)
  const lag = {committed: async () => true, unpublished: async () => 0}
  const readAfter = createReadAfter({until}, () => plan, lag)
  const deps = {reads: reads as Reads, readAfter, cursors: createCursors('secret')}
  addUserRoutes(app, deps)
  const stores = {plan: () => plan} as unknown as Stores
  addStreamRoutes(app, {
    ...deps,
    streams: [activity],
    topicPrefix: '',
    stores,
    ...createStreamAnswers(stores),
  })
  const answer = await app.inject({url: path, query: {after_event: 'activity:1'}})
  return {status: answer.statusCode, body: answer.json<Record<string, unknown>>()}
}

test.each([
  ['/v1/users/anna/activity', ['redis', 'cassandra']],
  ['/v1/users/anna/days', ['redis', 'cassandra']],
  ['/v1/users/anna/stats', ['redis', 'cassandra']],
  ['/v1/pages', ['redis', 'cassandra']],
  ['/v1/streams/activity/metrics', ['redis']],
  ['/v1/streams/activity/events/1', ['redis', 'cassandra']],
])('INV-67: %s waits for each store that it may answer from', async (path, stores) => {
  const asked: (readonly WaitedStore[])[] = []
  const {status} = await ask(path, async (_event, own) => {
    asked.push(own)
    return await Promise.resolve(UNREACHED)
  })
  expect(status).toBe(202)
  expect(asked).toEqual([stores])
})

test.each([
  ['the next that it stands by', true, 200, {total_views: 2}],
  ['a 202 when the time is up', false, 202, {status: 'pending'}],
])(
  'INV-67: an answer that Redis did not stand by is not given, but %s',
  async (_, isReachedAgain, status, body) => {
    const stands = [false, true]
    let reads = 0
    const answer = await ask(
      '/v1/pages',
      async () => {
        const reached = reads === 0 || isReachedAgain
        return await Promise.resolve({...UNREACHED, reached, stands: async () => stands.shift()!})
      },
      {
        async pages() {
          const meta = {source: 'redis', newest_event_at: null, age_ms: 0, notes: []} as const
          return await Promise.resolve({
            value: new Map([['/a', ++reads]]),
            meta: {...meta, notes: []},
          })
        },
      },
    )
    expect(answer).toMatchObject({status, body})
  },
)

/** Which stores the routes wait for, by where they answer from. */
import {fastify} from 'fastify'
import {expect, onTestFinished, test} from 'vitest'
import {planStream} from '../../readmodel/plan.ts'
import {activity} from '../../streams/activity.ts'
import type {Api} from '../app.ts'
import {createCursors} from '../cursor.ts'
import type {Reads} from '../reads/reads.ts'
import type {Stores} from '../reads/stores.ts'
import type {WaitedStore} from '../waits.ts'
import {createReadAfter} from './read-after.ts'
import {addStreamRoutes} from './streams.ts'
import {addUserRoutes} from './users.ts'

const plan = planStream(activity)

test.each([
  ['/v1/users/anna/activity', ['cassandra']],
  ['/v1/users/anna/days', ['cassandra']],
  ['/v1/users/anna/stats', ['redis', 'cassandra']],
  ['/v1/pages', ['redis', 'cassandra']],
  ['/v1/streams/activity/metrics', ['redis']],
  ['/v1/streams/activity/events/1', ['redis', 'cassandra']],
])('INV-67: %s waits for each store that it may answer from', async (path, stores) => {
  const app = fastify() as unknown as Api
  app.setSerializerCompiler(() => JSON.stringify)
  onTestFinished(async () => await app.close())
  const asked: (readonly WaitedStore[])[] = []
  const readAfter = createReadAfter(
    {
      async until(_event, own) {
        asked.push(own)
        return await Promise.resolve({reached: false, waitedMs: 0, seen: true, behind: 1})
      },
    },
    () => plan,
    {committed: async () => true, unpublished: async () => 0},
  )
  const deps = {reads: {} as Reads, readAfter, cursors: createCursors('secret')}
  addUserRoutes(app, deps)
  addStreamRoutes(app, {
    ...deps,
    streams: [activity],
    stores: {plan: () => plan} as never as Stores,
  })
  const answer = await app.inject({url: path, query: {after_event: 'activity:1'}})
  expect(answer.statusCode).toBe(202)
  expect(asked).toEqual([stores])
})

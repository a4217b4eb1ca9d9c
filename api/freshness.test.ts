import {pino} from 'pino'
import {expect, onTestFinished, test, vi} from 'vitest'
import {createFreshness} from './freshness.ts'

const SECOND_MS = 1000

/** Ten looks, a second apart, at a log that has a record more in each; the stores stand still. */
async function agesOf(stored: number, applied: number | null): Promise<(number | null)[]> {
  vi.useFakeTimers({toFake: ['Date']})
  onTestFinished(() => void vi.useRealTimers())
  const stop = new AbortController()
  let end = 0
  const freshness = createFreshness(
    {
      async lag() {
        end++
        if (end === 10) stop.abort()
        vi.setSystemTime(end * SECOND_MS)
        const one = {
          topic: 'topic',
          partition: 0,
          committed: stored,
          begin: 0,
          end,
          lag: end - stored,
        }
        return await Promise.resolve({
          at: Date.now(),
          outboxUnpublished: 0,
          outboxOldestSeconds: null,
          partitions: [one],
          records: one.lag,
        })
      },
      applied: async () => [applied],
      topics: new Map([['stream', 'topic']]),
      log: pino({level: 'silent'}),
    },
    {everyMs: 1},
  )
  await freshness.run(stop.signal)
  return [freshness.ageMs('redis', 'stream'), freshness.ageMs('cassandra', 'stream')]
}

test.each([
  {redis: 'ahead of Cassandra', stored: 4, applied: 7, ages: [2, 6]},
  {redis: 'behind it, as after a failover', stored: 8, applied: 5, ages: [4, 2]},
  {redis: 'silent: Cassandra answers', stored: 4, applied: null, ages: [6, 6]},
])('an answer is as old as the store that it is from; Redis is $redis', async given => {
  const ages = await agesOf(given.stored, given.applied)
  expect(ages).toEqual(given.ages.map(age => age * SECOND_MS))
})

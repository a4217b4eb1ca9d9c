import fc from 'fast-check'
import {expect, test} from 'vitest'
import {play, schedules, SNAPSHOT_CURSOR} from './relay-schedules.ts'

const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31)

test('thousands of schedules lose, reorder and repeat nothing', async () => {
  console.log(`relay model: MODEL_SEED=${seed}`)
  await fc.assert(
    fc.asyncProperty(schedules(400), async schedule => {
      expect(await play(SNAPSHOT_CURSOR, schedule)).toEqual([])
    }),
    {numRuns: 5_000, seed},
  )
}, 1_200_000)

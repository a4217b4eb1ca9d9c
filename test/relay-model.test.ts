import fc from 'fast-check'
import {expect, test} from 'vitest'
import {BELOW_HORIZON, HIGHEST_ID, play, schedules, SNAPSHOT_CURSOR} from './relay-schedules.ts'

test('INV-1 INV-2 INV-3 INV-103: no schedule loses, reorders, repeats unflagged, or publishes under a hold', async () => {
  await fc.assert(
    fc.asyncProperty(schedules(150), async schedule => {
      expect(await play(SNAPSHOT_CURSOR, schedule)).toEqual([])
    }),
    {numRuns: 300},
  )
}, 60_000)

/** The same checks on a cursor that people write first: they must find what is wrong with it. */
test.each([
  {name: 'id > last', kind: HIGHEST_ID, violation: 'missing'},
  {name: 'txid < xmin', kind: BELOW_HORIZON, violation: 'order'},
])(
  'the naive cursor $name is caught: $violation',
  async ({kind, violation}) => {
    const result = await fc.check(
      fc.asyncProperty(schedules(150), async schedule => {
        const verdicts = await play(kind, schedule)
        expect(verdicts.map(verdict => verdict.violation)).not.toContain(violation)
      }),
      {numRuns: 1_000, endOnFailure: true},
    )
    expect(result.failed).toBe(true)
  },
  60_000,
)

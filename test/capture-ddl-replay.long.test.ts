/** INV-106 over thousands of histories, other ones in each run: see capture-ddl-replay.pg.test.ts for what is compared. */
import {expect, test} from 'vitest'
import {createTally, expectHistories, missingOf, openStage} from './capture-history.ts'
import {openOutboxWorld} from './outbox-world.ts'

const HISTORIES = Number(process.env['CAPTURE_HISTORIES'] ?? 3_000)
/** Databases in which histories are played at the same time. */
const LANES = Number(process.env['CAPTURE_LANES'] ?? 3)
/** A database that has seen many tables come and go is slow. */
const HISTORIES_PER_WORLD = 100
const seed = Number(process.env['CAPTURE_SEED'] ?? Date.now() % 2 ** 31)

test(`INV-106: over ${HISTORIES} histories of changes of rows and of the definition, the outbox gives the table`, async () => {
  console.log(`capture histories: CAPTURE_SEED=${seed}`)
  const began = performance.now()
  const tally = createTally()
  let played = 0
  const onPlayed = (): void => {
    played += 1
    if (played % 250 !== 0) return
    const seconds = Math.round((performance.now() - began) / 1_000)
    console.log(`${played} of ${HISTORIES} histories, ${tally.records} records, ${seconds} s`)
  }
  let begun = 0
  const lane = async (): Promise<void> => {
    while (begun < HISTORIES) {
      const runs = Math.min(HISTORIES_PER_WORLD, HISTORIES - begun)
      const first = begun
      begun += runs
      await using world = await openOutboxWorld()
      const stage = await openStage(world, tally)
      await expectHistories(stage, {runs, seed: seed + first, onPlayed})
    }
  }
  await Promise.all(Array.from({length: LANES}, lane))
  console.log(tally)
  expect(missingOf(tally)).toEqual([])
}, 3_600_000)

/**
 * INV-106 and INV-16 together: whatever is done to rows and to the definition of a captured table, by three sessions
 * at once, who reads the outbox by id holds the table in the end; or a statement was refused as docs/CAPTURE.md says.
 *
 * What is equal
 * - A reader keeps of each row, known by its id and key, the last record: `d` takes it away, `c`, `u` and `r` put it.
 *   In the end it holds exactly the rows of the table, each column with the same JSON text as `row_to_json` gives it
 *   under fixed settings, under the id and the key that the row has now.
 * - A reader knows of changes of the definition, and when they were committed: that is in the outbox as a mark of the
 *   test's own, written by the transaction that changes. On a new column with a constant default it adds that to what
 *   it holds; it renames and drops columns likewise; on another primary key it knows rows by that.
 * - Nobody tells of values that a change of the definition writes by itself: another type with USING, another generated
 *   expression, a default that is no constant. Of rows that have no record since, such a column is not compared. The
 *   id and the key are retyped only where their texts stay as they are.
 * - Rows of a partition detached with 'keep' may be held and gone. Where they were let go under REPEATABLE READ, which
 *   sees them as they were once, this holds for every row held by then.
 * - Rows that come with a partition are read by a backfill; it has run when the reader looks.
 * - Where no trigger of the application and no statement that uses a primary key twice was drawn, each record must name
 *   the row before as it is held. Elsewhere only the last record counts.
 *
 * What may fail is listed in capture-refusals.ts: a refusal only in a statement that may meet it, PostgreSQL's own
 * errors only outside of functions of capture; statements about tables of others not at all.
 */
import {expect, test} from 'vitest'
import {expectHistories, openStage} from './capture-history.ts'
import {openOutboxWorld} from './outbox-world.ts'

/** Thousands of others: capture-ddl-replay.long.test.ts. */
const HISTORIES = 30
const SEED = 20_260_101

test('INV-106: after histories of changes of rows and of the definition, the outbox gives the table', async () => {
  await using world = await openOutboxWorld()
  const stage = await openStage(world)
  await expectHistories(stage, {runs: HISTORIES, seed: SEED})
  // Histories in which nothing happens would pass too.
  expect(stage.tally.records).toBeGreaterThan(400)
  expect(stage.tally.refused.size).toBeGreaterThan(4)
}, 300_000)

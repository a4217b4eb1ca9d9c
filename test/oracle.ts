/**
 * The oracle: every stored and served number against plain SQL over PostgreSQL (db/truth.ts). What
 * is counted has to be equal, distinct users within four standard errors of their sketch.
 *
 * An empty list of differences is the only good answer.
 */
import {readContentIds} from '../db/truth.ts'
import {compareActivity} from '../scripts/reconcile/activity.ts'
import {
  compareContents,
  compareGoneContents,
  compareRawEvents,
} from '../scripts/reconcile/content.ts'
import {Differences, type Difference, type OracleDeps} from '../scripts/reconcile/differences.ts'
import {comparePlatform, compareWindows} from '../scripts/reconcile/platform.ts'

export type {Difference, OracleDeps} from '../scripts/reconcile/differences.ts'

/** Everything there is. `nowS` fixes the end of the windows, seconds since 1970. */
export async function compareEverything(
  deps: OracleDeps,
  nowS = Math.floor(Date.now() / 1000),
): Promise<readonly Difference[]> {
  const found: Difference[] = []
  for (let after: string | null = null; ;) {
    const ids: readonly string[] = await readContentIds(deps.pg, {after, limit: 100})
    found.push(...(await compareContents(deps, ids)))
    if (ids.length < 100) break
    after = ids.at(-1)!
  }
  found.push(...(await compareGoneContents(deps)))
  const withoutContent = new Differences()
  await compareRawEvents(withoutContent, deps, null)
  found.push(...withoutContent.list)
  found.push(...(await comparePlatform(deps)))
  found.push(...(await compareWindows(deps, nowS)))
  found.push(...(await compareActivity(deps)))
  return found
}

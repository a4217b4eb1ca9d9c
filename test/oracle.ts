/**
 * The oracle: every stored and served number against plain SQL over PostgreSQL (db/truth/). What is
 * counted has to be equal, distinct users within four standard errors of their sketch.
 *
 * An empty list of differences is the only good answer.
 */
import type {Stream} from '../contracts/stream.ts'
import {openStream, type Difference, type OracleDeps} from '../scripts/reconcile/differences.ts'
import {compareKeys, compareRest, readKeys} from '../scripts/reconcile/stream.ts'

export type {Difference, OracleDeps} from '../scripts/reconcile/differences.ts'

export interface OracleQuestion {
  readonly streams: readonly Stream[]
  /** Of every topic. */
  readonly partitions: number
}

/** Everything there is. `nowS` fixes the end of the windows, seconds since 1970. */
export async function compareEverything(
  deps: OracleDeps,
  {streams, partitions}: OracleQuestion,
  nowS = Math.floor(Date.now() / 1000),
): Promise<readonly Difference[]> {
  const found: Difference[] = []
  for (const stream of streams.filter(({isReference}) => !isReference)) {
    const report = (difference: Difference): void => void found.push(difference)
    const at = openStream(deps, stream, {partitions, report})
    for (let keys = await readKeys(at, null); keys.length > 0;) {
      await compareKeys(at, keys)
      keys = await readKeys(at, keys.at(-1)!)
    }
    await compareRest(at, nowS)
  }
  return found
}

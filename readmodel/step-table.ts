/** Steps of sliding windows in Cassandra: one row per step and source partition, dropped by age. */
import {toNumber, type Cassandra} from '../platform/cassandra.ts'
import {placed} from './batches.ts'
import {ByteWriter} from './bytes.ts'
import {markOfAggregate, offsetOfWritetime, timestampBytes} from './fence.ts'
import {SECONDS_OF, startOf, windowSteps} from './levels.ts'
import {collectSpill, createBodies, encodedRow, readAgain, type PartReader} from './parts.ts'
import type {WindowPlan} from './plan.ts'
import {loadEach, type StateTable} from './rows.ts'
import {Step} from './step.ts'

const KEPT_S = 2 * 86_400
/** Readers' clocks may be behind. */
export const BEHIND_S = 120
/** Events may be dated ahead. */
const AHEAD_S = 25 * 3600

/**
 * Not by windows of time: write timestamps are offsets, so a slow partition would keep the files of the fast
 * ones for ever.
 */
export const stepTable = ({id}: WindowPlan): string => `CREATE TABLE IF NOT EXISTS ${id} (
  src_partition int, hour timestamp, step timestamp, entry_count int, body blob,
  PRIMARY KEY ((src_partition, hour), step))
  WITH compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}
   AND default_time_to_live = ${KEPT_S} AND gc_grace_seconds = 3600`

export interface StoredStep {
  readonly start: number
  readonly body: Buffer
}

export interface StepTable extends StateTable<Step> {
  /** Starts of steps that are stored, from the beginning of a window that ends then to a day ahead. */
  starts(partition: number, nowS: number): Promise<readonly number[]>
  /** Steps of a window. */
  window(partition: number, nowS: number): Promise<readonly StoredStep[]>
}

export function createStepTable(
  cassandra: Cassandra,
  plan: WindowPlan,
  parts: PartReader,
): StepTable {
  const insert = `INSERT INTO ${plan.id} (src_partition, hour, step, entry_count, body)
    VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`
  const select = `SELECT body, writetime(body) AS written FROM ${plan.id}
    WHERE src_partition = ? AND hour = ? AND step = ?`
  const some = `SELECT step, body FROM ${plan.id}
    WHERE src_partition = ? AND hour = ? AND step >= ? AND step <= ?`
  const names = `SELECT step FROM ${plan.id}
    WHERE src_partition = ? AND hour = ? AND step >= ? AND step <= ?`
  const writer = new ByteWriter()
  const bodies = createBodies(parts, plan.id)

  const inRange = async (query: string, partition: number, first: number, last: number) => {
    const hours: number[] = []
    for (let hour = startOf('hour', first); hour <= last; hour += SECONDS_OF.hour) hours.push(hour)
    const found = await Promise.all(
      hours.map(hour => cassandra.rows(query, [partition, hour * 1000, first * 1000, last * 1000])),
    )
    return found.flat()
  }

  return {
    load: (keys, partition) =>
      loadEach(keys, async key => {
        const step = Number(key)
        const params = [partition, startOf('hour', step) * 1000, step * 1000]
        const [row] = await cassandra.rows(select, params)
        if (row === undefined) return null
        const {body, keep} = await bodies.open(row, partition)
        return keep(Step.decode(plan, body, offsetOfWritetime(row['written'])))
      }),
    encode(key, state, fence, naming) {
      const step = Number(key)
      const hour = startOf('hour', step)
      // Longer than the row that names them.
      const spill = collectSpill(plan.id, fence, naming, KEPT_S + 3600)
      const params = [
        fence.partition,
        hour * 1000,
        step * 1000,
        state.size,
        bodies.seal(state, state.encode(writer), spill),
        timestampBytes(fence.offset, markOfAggregate(0)),
      ]
      return encodedRow(spill, placed(`${plan.id}/${fence.partition}/${hour}`, insert, params))
    },
    async starts(partition, nowS) {
      const [first] = windowSteps(nowS - BEHIND_S, plan.seconds)
      const rows = await inRange(names, partition, first!, nowS + AHEAD_S)
      return rows.map(row => toNumber(row['step']) / 1000)
    },
    window: (partition, nowS) =>
      readAgain(async () => {
        const steps = windowSteps(nowS, plan.seconds)
        const rows = await inRange(some, partition, steps[0]!, steps.at(-1)!)
        return await Promise.all(
          rows.map(async row => {
            const {body} = await bodies.open(row, partition)
            return {start: toNumber(row['step']) / 1000, body}
          }),
        )
      }),
  }
}

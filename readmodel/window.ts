/** A sliding window as a projection: one row per step of ten seconds. */
import {ByteWriter} from './bytes.ts'
import {STEP_SECONDS, stepOf} from './levels.ts'
import type {StreamPlan, WindowPlan} from './plan.ts'
import type {Projection} from './projection.ts'
import {liveKey} from './redis-keys.ts'
import {Step} from './step.ts'
import type {StepTable} from './step-table.ts'

/** Steps stay in Redis so much longer than anybody looks at them, seconds. */
const MARGIN_S = 600

/** Name of the field of an entry: beside `run` and `offset`, whatever its key. */
export const entryField = (key: string): string => `=${key}`

export const stepKey = (
  space: string,
  {id}: WindowPlan,
  partition: number,
  start: number,
): string => liveKey(space, partition, id, String(start))

export function createWindow(
  {timeOf, inputs}: StreamPlan,
  plan: WindowPlan,
  {table, space}: {readonly table: StepTable; readonly space: string},
): Projection<Step> {
  const writer = new ByteWriter()
  return {
    id: plan.id,
    keysOf(event) {
      const timeUs = timeOf(event)
      return timeUs === null || plan.keyOf(event) === null ? [] : [String(stepOf(timeUs))]
    },
    create: () => new Step(plan),
    apply: (step, event, offset) => step.fold(plan.keyOf(event)!, inputs, offset, 1),
    retract: (step, event, offset) => step.fold(plan.keyOf(event)!, inputs, offset, -1),
    bytesOf: step => step.bytes,
    table,
    liveOf(key, step, {partition, isFirst, nowMs}) {
      const start = Number(key)
      const keptS = start + plan.seconds + STEP_SECONDS + MARGIN_S - Math.floor(nowMs / 1000)
      const changed = isFirst ? step.keys() : step.changed
      step.changed = new Set()
      if (keptS <= 0) return []
      const fields: (string | Buffer)[] = []
      for (const entry of changed) fields.push(entryField(entry), step.encodeEntry(entry, writer))
      return [{key: stepKey(space, plan, partition, start), ttlS: keptS, fields, isWhole: true}]
    },
    async *seedsOf(partition, nowMs) {
      const starts = await table.starts(partition, Math.floor(nowMs / 1000))
      if (starts.length > 0) yield starts.map(String)
    },
  }
}

/** Random histories of source rows, as a relay publishes them to one partition. */
import type {Op, StreamRecord} from '../contracts/record.ts'
import type {ModelEvent, Random} from './processor-world.ts'

export type ModelRow = ModelEvent
export type ModelRecord = StreamRecord<ModelRow>

export interface History {
  /** The partition's log; the offset is the index. */
  readonly log: readonly ModelRecord[]
  /** The source rows at the end: what every number has to agree with. */
  readonly rows: ReadonlyMap<number, ModelRow>
}

interface OutboxRow {
  readonly op: Op
  readonly row: ModelRow
  readonly before: ModelRow | null
  readonly outboxId: number
}

/** Source changes in their order, as outbox rows. */
function changeRows(
  random: Random,
  count: number,
): {rows: Map<number, ModelRow>; outbox: OutboxRow[]} {
  const rows = new Map<number, ModelRow>()
  const outbox: OutboxRow[] = []
  const emit = (op: Op, row: ModelRow, before: ModelRow | null = null): void => {
    outbox.push({op, row, before, outboxId: outbox.length + 1})
  }
  const pick = (): ModelRow | undefined => [...rows.values()][random(Math.max(1, rows.size))]
  // Events that share their rows with many others, or with hardly any.
  const minutes = random(2) === 0 ? 4 : 40
  const randomRow = (id: number): ModelRow => ({
    id,
    content: `c${random(3)}`,
    at: random(minutes) * 60 + random(2),
    value: random(4) === 0 ? null : random(50),
  })
  for (let n = 0; n < count; n++) {
    const old = pick()
    const roll = random(10)
    if (old === undefined || roll < 5) {
      const row = randomRow(n)
      rows.set(n, row)
      emit('c', row)
    } else if (roll < 8) {
      const row = random(2) === 0 ? {...old, value: randomRow(0).value} : randomRow(old.id)
      rows.set(old.id, row)
      // The capture writes a change of the key as a delete and an insert.
      if (row.content === old.content) emit('u', row, old)
      else {
        emit('d', old)
        emit('c', row)
      }
    } else if (roll === 8) {
      rows.delete(old.id)
      emit('d', old)
    } else emit('r', old)
  }
  return {rows, outbox}
}

/**
 * What the relay makes of it: takeovers publish again, announced, what the cursor had not passed; an
 * overtaken relay's last sends may arrive late.
 */
export function createHistory(random: Random, count: number): History {
  const {rows, outbox} = changeRows(random, count)
  const log: ModelRecord[] = []
  let epoch = 1
  let announcedUpTo = 0
  const append = (row: OutboxRow, by: {epoch: number; redelivered: boolean}): void => {
    log.push({
      ...row.row,
      op: row.op,
      outbox_id: row.outboxId,
      created_at: row.outboxId * 1000,
      lanes: 1,
      lane: 0,
      before: row.before,
      ...by,
    })
  }
  for (let next = 0; next < outbox.length;) {
    append(outbox[next]!, {epoch, redelivered: next < announcedUpTo})
    next += 1
    if (random(12) !== 0) continue
    // Takeover: the successor starts at a cursor somewhere behind, and announces repetitions.
    const [overtaken, announced] = [epoch, announcedUpTo]
    const late = outbox.slice(next, next + random(3))
    const appendLate = (): void => {
      for (const row of late) {
        append(row, {epoch: overtaken, redelivered: row.outboxId <= announced})
      }
    }
    epoch += 1
    announcedUpTo = Math.max(announcedUpTo, next + late.length)
    next = Math.max(0, next - random(8))
    if (next < outbox.length) {
      // A late send lands before the successor's first record, or after it and is dropped.
      if (random(2) === 0) appendLate()
      else {
        append(outbox[next]!, {epoch, redelivered: true})
        next += 1
        appendLate()
      }
    }
  }
  return {log, rows}
}

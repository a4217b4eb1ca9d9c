/** Random histories of source rows, as a relay publishes them to one partition. */
import type {Op, StreamRecord} from '../contracts/record.ts'
import type {ModelRow} from './model-stream.ts'
import type {Random} from './processor-world.ts'

export type ModelRecord = StreamRecord<ModelRow>

export interface History {
  /** The partition's log; the offset is the index. */
  readonly log: readonly ModelRecord[]
  /** The source rows at the end that break no rule: what every number has to agree with. */
  readonly rows: ReadonlyMap<number, ModelRow>
}

/** Ids need not be above zero. */
export const FIRST_ID = -5

interface OutboxRow {
  readonly op: Op
  readonly row: ModelRow
  readonly before: ModelRow | null
  readonly outboxId: number
}

/** Sends of an overtaken relay that may come late: fewer than this. */
const LATE_MAX = 3
/** So far ahead a row is refused, whoever wrote it and however. */
const REFUSED_US = 10 * 365 * 86_400_000_000
const STATUSES = ['paid', 'open', 'lost', null] as const

export interface HistoryOptions {
  readonly changes: number
  /** Events lie before this, seconds since 1970. */
  readonly nowS: number
}

/** Source changes in their order, as outbox rows. */
function changeRows(
  random: Random,
  {changes, nowS}: HistoryOptions,
): {rows: Map<number, ModelRow>; outbox: OutboxRow[]} {
  const rows = new Map<number, ModelRow>()
  const outbox: OutboxRow[] = []
  const emit = (op: Op, row: ModelRow, before: ModelRow | null = null): void => {
    outbox.push({op, row, before, outboxId: outbox.length + 1})
  }
  const pick = (): ModelRow | undefined => [...rows.values()][random(Math.max(1, rows.size))]
  // Events that share their rows with many others, or with hardly any; in order of time, or in none.
  const minutes = random(2) === 0 ? 4 : 240
  const isOrdered = random(2) === 0
  // Some histories lie about the moment that times are counted from.
  const start = (random(8) === 0 ? 90 : nowS) - minutes * 60
  const timeOf = (n: number): number => {
    const minute =
      isOrdered && random(4) > 0 ? Math.floor((n * minutes) / changes) : random(minutes)
    return (start + minute * 60 + random(2)) * 1_000_000 + random(3)
  }
  const timeAt = (n: number): number | null => {
    const roll = random(15)
    if (roll === 0) return null
    return roll === 1 ? nowS * 1_000_000 + REFUSED_US : timeOf(n)
  }
  const randomRow = (id: number, n: number): ModelRow => ({
    id,
    content: random(12) === 0 ? null : `c${random(3)}`,
    at: timeAt(n),
    value: random(4) === 0 ? null : random(50) * 1000,
    status: STATUSES[random(4)]!,
    position: random(2) === 0 ? null : random(4_000_000),
  })
  for (let n = 0; n < changes; n++) {
    const old = pick()
    const roll = random(10)
    if (old === undefined || roll < 5) {
      const row = randomRow(n + FIRST_ID, n)
      rows.set(row.id, row)
      emit('c', row)
    } else if (roll < 8) {
      const row = random(2) === 0 ? {...old, value: randomRow(0, n).value} : randomRow(old.id, n)
      rows.set(old.id, row)
      // The capture writes a change of the key as a delete and an insert.
      if (row.content === old.content) emit('u', row, old)
      else {
        emit('d', old, old)
        emit('c', row)
      }
    } else if (roll === 8) {
      rows.delete(old.id)
      emit('d', old, old)
    } else emit('r', old)
  }
  return {rows, outbox}
}

/**
 * What the relay makes of it: takeovers publish again, announced, what the cursor had not passed; an
 * overtaken relay's last sends may arrive late.
 */
export function createHistory(random: Random, options: HistoryOptions): History {
  const {rows, outbox} = changeRows(random, options)
  const log: ModelRecord[] = []
  let epoch = 1
  let announcedUpTo = 0
  // Somebody sets the sequence back: from there on ids come that were given before.
  const back = random(4) === 0 ? Math.floor(outbox.length / 2) : outbox.length
  const append = (row: OutboxRow, by: {epoch: number; redelivered: boolean}): void => {
    log.push({
      ...row.row,
      op: row.op,
      outbox_id: row.outboxId > back ? row.outboxId - back : row.outboxId,
      created_at: options.nowS * 1_000_000 + row.outboxId * 1000,
      lanes: 1,
      lane: 0,
      before: row.before === null ? null : {...row.before},
      ...by,
    })
  }
  for (let next = 0; next < outbox.length;) {
    append(outbox[next]!, {epoch, redelivered: next < announcedUpTo})
    next += 1
    if (random(12) !== 0) continue
    // Of what is announced as repeated, only ids tell what is new.
    if (next + LATE_MAX > back && back < outbox.length) continue
    // Takeover: the successor starts at a cursor somewhere behind, and announces repetitions.
    const [overtaken, announced] = [epoch, announcedUpTo]
    const late = outbox.slice(next, next + random(LATE_MAX))
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
  const isRefused = ({at}: ModelRow): boolean => at === options.nowS * 1_000_000 + REFUSED_US
  return {log, rows: new Map([...rows].filter(([, row]) => !isRefused(row)))}
}

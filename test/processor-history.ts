/** Random histories of source rows, as a relay publishes them to one partition. */
import assert from 'node:assert/strict'
import type {Op, StreamRecord} from '../contracts/record.ts'
import type {ModelRow} from './model-stream.ts'
import type {Random} from './processor-world.ts'

export type ModelRecord = StreamRecord<ModelRow>

export interface History {
  /** The partition's log; the offset is the index. */
  readonly log: readonly ModelRecord[]
  /** The source rows at the end that break no rule: what every number has to agree with. */
  readonly rows: ReadonlyMap<number, ModelRow>
  /** The rows that the records up to each offset leave. */
  readonly rowsAt: readonly ReadonlyMap<number, ModelRow>[]
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
const refusedAt = (nowS: number): number => nowS * 1_000_000 + REFUSED_US
const STATUSES = ['paid', 'open', 'lost', null] as const

export interface HistoryOptions {
  readonly changes: number
  /** Events lie before this, seconds since 1970. */
  readonly nowS: number
  /** Outbox rows before the first one. */
  readonly outboxBefore?: number
}

/** Source changes in their order, as outbox rows. */
function changeRows(
  random: Random,
  {changes, nowS, outboxBefore = 0}: HistoryOptions,
): {rows: Map<number, ModelRow>; outbox: OutboxRow[]} {
  const rows = new Map<number, ModelRow>()
  const outbox: OutboxRow[] = []
  const emit = (op: Op, row: ModelRow, before: ModelRow | null = null): void => {
    outbox.push({op, row, before, outboxId: outboxBefore + outbox.length + 1})
  }
  // Any row is corrected, or mostly the same few, over and over.
  const isHot = random(3) === 0
  const pick = (): ModelRow | undefined => {
    const all = [...rows.values()]
    return isHot ? all.slice(-2)[random(2)] : all[random(Math.max(1, all.length))]
  }
  const insertsOfTen = isHot || random(3) === 0 ? 2 : 5
  // Events that share their rows with many others, or with hardly any; in order of time, or in none.
  const minutes = random(2) === 0 ? 4 : 240
  const isOrdered = random(2) === 0
  // Some histories lie about the moment that times are counted from.
  const start = (random(8) === 0 ? 90 : nowS) - minutes * 60
  const anyTime = (n: number): number => {
    const minute =
      isOrdered && random(4) > 0 ? Math.floor((n * minutes) / changes) : random(minutes)
    return (start + minute * 60 + random(2)) * 1_000_000 + random(3)
  }
  // Many of one moment, to the microsecond.
  const moments =
    random(4) === 0 ? Array.from({length: 1 + random(3)}, () => anyTime(random(changes))) : null
  const timeAt = (n: number): number | null => {
    const roll = random(15)
    if (roll === 0) return null
    if (roll === 1) return refusedAt(nowS)
    return moments?.[random(moments.length)] ?? anyTime(n)
  }
  const randomRow = (id: number, n: number): ModelRow => ({
    id,
    content: random(12) === 0 ? null : `c${random(3)}`,
    at: timeAt(n),
    value: random(4) === 0 ? null : random(50) * 1000,
    status: STATUSES[random(4)]!,
    position: random(2) === 0 ? null : random(4_000_000),
  })
  const insert = (row: ModelRow): void => {
    rows.set(row.id, row)
    emit('c', row)
  }
  const remove = (old: ModelRow): void => {
    rows.delete(old.id)
    emit('d', old, old)
  }
  const change = (old: ModelRow, row: ModelRow): void => {
    // The capture writes a change of the key as a delete and an insert.
    if (row.content === old.content) {
      rows.set(old.id, row)
      emit('u', row, old)
    } else {
      remove(old)
      insert(row)
    }
  }
  for (let n = 0; n < changes; n++) {
    const old = pick()
    const roll = random(10)
    if (old === undefined || roll < insertsOfTen) insert(randomRow(n + FIRST_ID, n))
    else if (roll < 7) {
      change(old, random(2) === 0 ? {...old, value: randomRow(0, n).value} : randomRow(old.id, n))
    } else if (roll === 7) {
      // Away, and back: as it was, or as another.
      const away = {...old, content: old.content === 'c0' ? 'c1' : 'c0'}
      change(old, away)
      change(away, random(2) === 0 ? old : {...randomRow(old.id, n), content: old.content})
    } else if (roll === 8) {
      remove(old)
      if (random(4) === 0) insert(randomRow(old.id, n))
    } else emit('r', old)
  }
  return {rows, outbox}
}

/**
 * What each record leaves, by the rule itself: nothing of an overtaken relay, nothing of a repetition that is
 * not newer, and no event that breaks a rule.
 */
function replay(log: readonly ModelRecord[], nowS: number): ReadonlyMap<number, ModelRow>[] {
  let present: ReadonlyMap<number, ModelRow> = new Map()
  let epoch = 0
  const newest = new Map<number, number>()
  return log.map(record => {
    epoch = Math.max(epoch, record.epoch)
    const isRepeated = record.redelivered && record.outbox_id <= (newest.get(record.id) ?? 0)
    if (record.epoch !== epoch || isRepeated) return present
    newest.set(record.id, record.outbox_id)
    const next = new Map(present)
    const {id, content, at, value, status, position} = record
    if (record.op === 'd' || at === refusedAt(nowS)) next.delete(id)
    else next.set(id, {id, content, at, value, status, position})
    present = next
    return present
  })
}

/**
 * What the relay makes of it: takeovers publish again, announced, what the cursor had not passed; an
 * overtaken relay's last sends may arrive late.
 */
export function createHistory(random: Random, options: HistoryOptions): History {
  const {rows, outbox} = changeRows(random, options)
  const log: ModelRecord[] = []
  const {outboxBefore: before = 0} = options
  let epoch = 1
  let announcedUpTo = 0
  // Somebody sets the sequence back: from there on ids come that were given before.
  const back = random(4) === 0 ? Math.floor(outbox.length / 2) : outbox.length
  const append = (row: OutboxRow, by: {epoch: number; redelivered: boolean}): void => {
    log.push({
      ...row.row,
      op: row.op,
      outbox_id: row.outboxId - before > back ? row.outboxId - back : row.outboxId,
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
        append(row, {epoch: overtaken, redelivered: row.outboxId - before <= announced})
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
  const rowsAt = replay(log, options.nowS)
  const accepted = new Map([...rows].filter(([, {at}]) => at !== refusedAt(options.nowS)))
  assert.deepEqual(byId(rowsAt.at(-1)!), byId(accepted), 'the log says what the source has')
  return {log, rows: accepted, rowsAt}
}

const byId = (rows: ReadonlyMap<number, ModelRow>) => [...rows].toSorted(([a], [b]) => a - b)

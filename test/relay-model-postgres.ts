/** Transactions, snapshots, row locks and savepoints, as far as the relay can tell. */
import type {OutboxPage} from '../ingestor/outbox-reader.ts'
import {isVisibleIn, parseSnapshot, type ReadPlan} from '../ingestor/snapshot-cursor.ts'

export const PARTITIONS = 2
const KEYS = 5

export interface ModelRow {
  readonly id: number
  readonly xid: number
  readonly key: number
  readonly hash: number
  readonly partition: number
  /** Of the source row: grows with every committed change. */
  readonly version: number
}

interface Transaction {
  /** 0 until the first write. */
  xid: number
  rows: ModelRow[]
  /** An id that was drawn before the row is written, as an application may do. */
  drawn: number
  savepoint: number | undefined
}

export interface Transactions {
  write(slot: number, key: number): void
  /** Draws the id of the next row now: it may be older than the transaction's number. */
  draw(slot: number): void
  /** Sets a savepoint, or rolls back to the one that is set. */
  savepoint(slot: number): void
  end(slot: number, commit: boolean): void
  finishAll(): void
  snapshot(): string
  /** Rows of committed transactions. */
  visible(): readonly ModelRow[]
  readonly rolledBack: ReadonlySet<number>
}

export function createTransactions(): Transactions {
  const open = new Map<number, Transaction>()
  const committed: ModelRow[] = []
  const versions = new Map<number, number>()
  const rolledBack = new Set<number>()
  let nextXid = 3
  let nextId = 1

  const of = (slot: number): Transaction => {
    const found = open.get(slot) ?? {xid: 0, rows: [], drawn: 0, savepoint: undefined}
    open.set(slot, found)
    return found
  }
  const forget = (rows: readonly ModelRow[]): void => rows.forEach(row => rolledBack.add(row.id))
  const holds = (transaction: Transaction, key: number): boolean =>
    transaction.rows.some(row => row.key === key)

  return {
    rolledBack,
    draw(slot) {
      const transaction = of(slot)
      if (transaction.drawn === 0) transaction.drawn = nextId++
    },
    write(slot, which) {
      const transaction = of(slot)
      const key = which % KEYS
      // Somebody else holds the row lock: this one would wait.
      if ([...open.values()].some(other => other !== transaction && holds(other, key))) return
      if (transaction.xid === 0) transaction.xid = nextXid++
      // An id drawn in advance is for a message of its own, whose order nothing defines.
      const own = transaction.drawn !== 0
      const id = own ? transaction.drawn : nextId++
      transaction.drawn = 0
      const last = transaction.rows.findLast(row => row.key === key)?.version
      const version = own ? 0 : (last ?? versions.get(key) ?? 0) + 1
      const row = {id, xid: transaction.xid, key: own ? KEYS + id : key, version}
      transaction.rows.push({...row, hash: row.key, partition: (row.key >> 1) % PARTITIONS})
    },
    savepoint(slot) {
      const transaction = of(slot)
      if (transaction.savepoint === undefined) {
        transaction.savepoint = transaction.rows.length
        return
      }
      forget(transaction.rows.slice(transaction.savepoint))
      transaction.rows = transaction.rows.slice(0, transaction.savepoint)
      transaction.savepoint = undefined
    },
    end(slot, commit) {
      const transaction = open.get(slot)
      if (transaction === undefined) return
      open.delete(slot)
      if (!commit) return forget(transaction.rows)
      committed.push(...transaction.rows)
      for (const {key, version} of transaction.rows) versions.set(key, version)
    },
    finishAll() {
      for (const slot of open.keys()) this.end(slot, slot % 4 !== 0)
    },
    snapshot() {
      const running = [...open.values()].map(t => t.xid).filter(xid => xid !== 0)
      const xip = running.toSorted((a, b) => a - b)
      return `${xip[0] ?? nextXid}:${nextXid}:${xip.join(',')}`
    },
    visible: () => committed,
  }
}

const byId = (a: ModelRow, b: ModelRow): number => a.id - b.id
const asRows = (rows: readonly ModelRow[]): OutboxPage['rows'] =>
  rows as readonly unknown[] as OutboxPage['rows']

/** Some rows are large: of those that wait only the first ones fit into a page. */
function countFitting(rows: readonly ModelRow[], limit: number): number {
  const first = rows.slice(0, limit)
  let bytes = 0
  const end = first.findIndex(({id}, at) => (bytes += id % 3 === 0 ? 3 : 1) > 4 && at > 0)
  return end < 0 ? limit : end
}

/** What the relay's statements answer. */
export function readAsPostgres(plan: ReadPlan, limit: number, pg: Transactions): OutboxPage {
  const {xmax, xip} = plan
  const listed = new Set(xip.slice(1, -1).split(','))
  const unseen = pg
    .visible()
    .filter(row => row.xid >= Number(xmax) || listed.has(String(row.xid)))
    .toSorted(byId)
  if (plan.kind === 'tail') {
    const most = countFitting(unseen, limit)
    const rowCount = unseen.length
    const rows = rowCount > most ? [] : unseen
    const answer = {kind: 'tail', snapshot: pg.snapshot(), rowCount, limit: most} as const
    return {answer, rows: asRows(rows)}
  }
  const batch = unseen.filter(row => isVisibleIn(plan.snapTo, BigInt(row.xid)))
  if (plan.kind === 'lowest') return {answer: {kind: 'lowest', id: batch[0]?.id ?? null}, rows: []}
  const waiting = batch.filter(row => row.id > plan.afterId)
  const most = countFitting(waiting, limit)
  const rows = waiting.slice(0, most)
  const lastId = rows.at(-1)?.id ?? plan.afterId
  return {answer: {kind: 'page', rowCount: rows.length, limit: most, lastId}, rows: asRows(rows)}
}

/** Naive cursors know no frozen batch: there is nothing in it. */
const NO_BATCH: OutboxPage = {answer: {kind: 'lowest', id: null}, rows: []}

/** `id > last`: what has the highest id so far is taken for everything. The cursor is kept as xmax. */
export function readByHighestId(plan: ReadPlan, limit: number, pg: Transactions): OutboxPage {
  if (plan.kind !== 'tail') return NO_BATCH
  const rows = pg
    .visible()
    .filter(row => row.id > Number(plan.xmax) - 1)
    .toSorted(byId)
    .slice(0, limit)
  return asTail(rows, (rows.at(-1)?.id ?? Number(plan.xmax) - 1) + 1, limit)
}

/** `txid < xmin`: whole transactions in the order of their numbers, behind the oldest that runs. */
export function readBelowHorizon(plan: ReadPlan, limit: number, pg: Transactions): OutboxPage {
  if (plan.kind !== 'tail') return NO_BATCH
  const {xmin} = parseSnapshot(pg.snapshot())
  const rows = pg
    .visible()
    .filter(row => row.xid >= Number(plan.xmax) && row.xid < Number(xmin))
    .toSorted((a, b) => a.xid - b.xid || a.id - b.id)
  const cut = rows[limit - 1]?.xid
  const page = cut === undefined ? rows : rows.filter(row => row.xid <= cut)
  return asTail(page, cut === undefined ? Number(xmin) : cut + 1, Math.max(limit, page.length))
}

/** An answer after which the reader goes on at `next`. */
function asTail(rows: readonly ModelRow[], next: number, limit: number): OutboxPage {
  const snapshot = `${next}:${next}:`
  return {answer: {kind: 'tail', snapshot, rowCount: rows.length, limit}, rows: asRows(rows)}
}

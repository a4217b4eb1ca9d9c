/**
 * Where a lane's reader stands, and what it reads next. Pure.
 *
 * The cursor is a snapshot: everything it sees is published. A batch is what a later snapshot sees and
 * this one did not, so a row that commits late is not skipped and nothing waits for a long transaction
 * but its own rows. A batch too large for one page is frozen: its end is fixed and it is paged by id.
 *
 * Guarantees    INV-1: no committed row is skipped. INV-2: changes of one source row keep their order.
 *               INV-3: what an earlier owner may have published is read as redelivered.
 * Does not      touch a database: it says what to ask, and is told the answer.
 */

export interface Cursor {
  /** As `pg_snapshot` prints it: xmin:xmax:xip,xip,… Everything visible in it is published. */
  readonly snapFrom: string
  /** End of the frozen batch, or null. */
  readonly snapTo: string | null
  /** Within a frozen batch, everything up to this id is published; -1: not begun. */
  readonly lastId: number
}

export interface Position {
  readonly cursor: Cursor
  /** Rows visible in it may have been published before; null when all of those are through. */
  readonly takeover: string | null
}

/** Transactions that the cursor's snapshot did not see: `xip`, and everything from `xmax` on. */
interface Unseen {
  readonly xmax: string
  /** An array literal. */
  readonly xip: string
}

/** What the next statement asks for. */
export type ReadPlan =
  | (Unseen & {readonly kind: 'tail'})
  | (Unseen & {readonly kind: 'lowest'; readonly snapTo: string})
  | (Unseen & {
      readonly kind: 'page'
      readonly snapTo: string
      readonly afterId: number
      readonly redelivered: boolean
    })

/** What a statement answered. */
export type ReadAnswer =
  | {
      readonly kind: 'tail'
      /** The statement's own. */
      readonly snapshot: string
      readonly rowCount: number
      /** As many rows as were asked for, or as fitted. */
      readonly limit: number
    }
  | {
      readonly kind: 'lowest'
      /** Lowest id of the batch; null when it is empty. */
      readonly id: number | null
    }
  | {
      readonly kind: 'page'
      readonly rowCount: number
      readonly limit: number
      /** Id of the last row of the page. */
      readonly lastId: number
    }
  /** Somebody holds publishing: nothing was read, whatever waits. */
  | {readonly kind: 'held'}

/** Splits a snapshot as PostgreSQL prints it. */
export function parseSnapshot(text: string): Unseen & {readonly xmin: string} {
  const match = /^(\d+):(\d+):([\d,]*)$/.exec(text)
  if (match === null) throw new Error(`not a snapshot: ${text}`)
  return {xmin: match[1]!, xmax: match[2]!, xip: `{${match[3]!}}`}
}

/**
 * Where an owner starts. What its predecessor had begun comes first, then everything up to the
 * takeover snapshot, all of it redelivered. Only after that is a row new.
 *
 * @param takeover taken after the new epoch was committed: no earlier owner reads anything later
 */
export function startPosition(cursor: Cursor, takeover: string): Position {
  return {cursor: cursor.snapTo === null ? freeze(cursor, takeover) : cursor, takeover}
}

/** A frozen batch whose lowest id is not known yet. */
const NOT_BEGUN = -1

const freeze = (cursor: Cursor, snapTo: string): Cursor => ({...cursor, snapTo, lastId: NOT_BEGUN})

export function planRead({cursor, takeover}: Position): ReadPlan {
  const {xmax, xip} = parseSnapshot(cursor.snapFrom)
  const {snapTo, lastId} = cursor
  if (snapTo === null) return {kind: 'tail', xmax, xip}
  // Paging from the first id would walk every published row before the first one that waits.
  if (lastId === NOT_BEGUN) return {kind: 'lowest', xmax, xip, snapTo}
  return {kind: 'page', xmax, xip, snapTo, afterId: lastId, redelivered: takeover !== null}
}

/** True when the rows of an answer are part of the way; a tail that overflows is read again in pages. */
export const isTaken = (answer: ReadAnswer): boolean =>
  answer.kind === 'page' || (answer.kind === 'tail' && answer.rowCount <= answer.limit)

/** True when more is waiting, so that the next read should follow at once. */
export function isMoreWaiting(next: Position, answer: ReadAnswer): boolean {
  return next.cursor.snapTo !== null || !isTaken(answer)
}

/** The position once everything that was read is published. */
export function advance(position: Position, answer: ReadAnswer): Position {
  const {cursor, takeover} = position
  switch (answer.kind) {
    case 'tail':
      return isTaken(answer)
        ? {cursor: {snapFrom: answer.snapshot, snapTo: null, lastId: 0}, takeover}
        : {cursor: freeze(cursor, answer.snapshot), takeover}
    case 'lowest':
      return answer.id === null
        ? finishBatch(position)
        : {cursor: {...cursor, lastId: answer.id - 1}, takeover}
    case 'page':
      return answer.rowCount < answer.limit
        ? finishBatch(position)
        : {cursor: {...cursor, lastId: answer.lastId}, takeover}
    case 'held':
      return position
    default:
      return answer satisfies never
  }
}

function finishBatch({cursor, takeover}: Position): Position {
  const {snapTo} = cursor
  if (snapTo === null) throw new Error('no batch is frozen')
  const done: Cursor = {snapFrom: snapTo, snapTo: null, lastId: 0}
  return takeover === null || takeover === snapTo
    ? {cursor: done, takeover: null}
    : {cursor: freeze(done, takeover), takeover}
}

/** True when `snapshot` sees what transaction `xid` committed. */
export function isVisibleIn(snapshot: string, xid: bigint): boolean {
  const {xmin, xmax, xip} = parseSnapshot(snapshot)
  if (xid < BigInt(xmin)) return true
  if (xid >= BigInt(xmax)) return false
  return !xip.slice(1, -1).split(',').includes(String(xid))
}

/** The snapshot that sees exactly what both see: where lanes that are joined go on. */
export function intersectSnapshots(a: string, b: string): string {
  const [one, two] = [parseSnapshot(a), parseSnapshot(b)]
  const xmax = BigInt(one.xmax) < BigInt(two.xmax) ? BigInt(one.xmax) : BigInt(two.xmax)
  const running = [one, two]
    .flatMap(({xip}) => xip.slice(1, -1).split(','))
    .filter(xid => xid !== '')
    .map(BigInt)
    .filter(xid => xid < xmax)
  const xip = [...new Set(running)].toSorted((x, y) => (x < y ? -1 : 1))
  return `${xip[0] ?? xmax}:${xmax}:${xip.join(',')}`
}

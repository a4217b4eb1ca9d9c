/**
 * Which records of an overtaken relay a reader ignores. Pure; the rule is shared by every reader.
 *
 * A lane's owner publishes under an epoch; epochs are global and only grow. When a new owner takes
 * over, it publishes again whatever the old one may not have finished. A late record of the old one
 * is therefore dropped if, and only if, a higher epoch with overlapping hashes began at a lower offset
 * of the same partition.
 */

/** A lane: the rows whose hash satisfies `hash & (lanes - 1) === lane`; `lanes` is a power of two. */
export interface LaneEpoch {
  readonly lanes: number
  readonly lane: number
  readonly epoch: number
  /** Of the record; in an entry, of the first record of the epoch. */
  readonly offset: number
}

export interface EpochTable {
  /** Judges the next record of the partition. Judging one again changes nothing. */
  admit(record: LaneEpoch): 'apply' | 'drop'
  /** What has to be kept, durably, before the partition is committed past it. */
  entries(): readonly LaneEpoch[]
  /** Forgets what cannot matter to a reader that starts at `offset` or later. */
  prune(offset: number): void
}

/** True when some hash belongs to both lanes. */
export function lanesOverlap(
  a: Pick<LaneEpoch, 'lanes' | 'lane'>,
  b: Pick<LaneEpoch, 'lanes' | 'lane'>,
): boolean {
  const mask = Math.min(a.lanes, b.lanes) - 1
  return (a.lane & mask) === (b.lane & mask)
}

const isSame = (a: LaneEpoch, b: LaneEpoch): boolean =>
  a.epoch === b.epoch && a.lane === b.lane && a.lanes === b.lanes

/** True when every hash of `inner` belongs to `outer`. */
const covers = (outer: LaneEpoch, inner: LaneEpoch): boolean =>
  outer.lanes <= inner.lanes && lanesOverlap(outer, inner)

/**
 * @param known entries kept by an earlier reader. Those at or after `start` are learned again: a
 *   replay then judges as the first reading did.
 */
export function createEpochTable(
  known: readonly LaneEpoch[] = [],
  start = Number.POSITIVE_INFINITY,
): EpochTable {
  let entries = known.filter(entry => entry.offset < start)
  let last: LaneEpoch | undefined
  return {
    admit(record) {
      // Nearly every record is of the epoch of the one before.
      if (last !== undefined && isSame(last, record)) return 'apply'
      const later = entries.filter(
        entry => entry.epoch > record.epoch && lanesOverlap(entry, record),
      )
      if (later.some(entry => entry.offset < record.offset)) return 'drop'
      if (!entries.some(entry => isSame(entry, record))) {
        const {lanes, lane, epoch, offset} = record
        entries = [...entries, {lanes, lane, epoch, offset}]
      }
      // A record that is not overtaken has the highest epoch so far among those it overlaps, unless
      // it is judged again: only then may a later entry of another lane overtake the next one.
      last = later.length > 0 ? undefined : record
      return 'apply'
    },
    entries: () => entries,
    prune(offset) {
      entries = entries.filter(
        entry =>
          !entries.some(
            other => other.epoch > entry.epoch && other.offset < offset && covers(other, entry),
          ),
      )
    },
  }
}

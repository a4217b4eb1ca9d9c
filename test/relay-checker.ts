/** What must hold of the topics that relays wrote, whatever happened to the relays. */
import {createEpochTable} from '../contracts/epochs.ts'

/** One record in a partition; its offset is its place in the list. */
export interface CheckedRecord {
  /** Identity of the outbox row. */
  readonly id: string
  /** The source row whose changes are ordered, or null. */
  readonly entity: string | null
  /** Grows with every committed change of the entity. */
  readonly version: number
  readonly lanes: number
  readonly lane: number
  readonly epoch: number
  readonly redelivered: boolean
}

export type Violation =
  | 'missing'
  | 'uncommitted'
  | 'unflagged duplicate'
  | 'order'
  | 'reader restart'
  | 'inexact hold'

export interface Verdict {
  readonly violation: Violation
  readonly detail: string
}

type Partition = readonly CheckedRecord[]

function verdictsOf(partition: Partition, start: number, known = createEpochTable()): boolean[] {
  return partition
    .slice(start)
    .map((record, index) => known.admit({...record, offset: start + index}) === 'apply')
}

/** A reader that starts again, with what it kept from anywhere ahead, judges as it did before. */
function checkRestarts(partition: Partition, first: readonly boolean[]): Verdict[] {
  const step = Math.max(1, Math.floor(partition.length / 7))
  for (let ahead = 0; ahead <= partition.length; ahead += step) {
    const table = createEpochTable()
    verdictsOf(partition.slice(0, ahead), 0, table)
    for (let start = 0; start <= ahead; start += step) {
      const again = verdictsOf(partition, start, createEpochTable(table.entries(), start))
      const at = again.findIndex((verdict, index) => verdict !== first[start + index])
      if (at < 0) continue
      return [
        {violation: 'reader restart', detail: `from ${start}, kept at ${ahead}: ${start + at}`},
      ]
    }
  }
  return []
}

function checkPartition(partition: Partition, committed: ReadonlySet<string>): Verdict[] {
  const found: Verdict[] = []
  const admitted = verdictsOf(partition, 0)
  const seen = new Set<string>()
  const versions = new Map<string, number>()
  partition.forEach((record, offset) => {
    const {id, entity, version, epoch} = record
    const detail = `row ${id} at offset ${offset}, epoch ${epoch}, entity ${entity} v${version}`
    if (!committed.has(id)) found.push({violation: 'uncommitted', detail})
    if (!admitted[offset]) return
    if (seen.has(id)) {
      if (!record.redelivered) found.push({violation: 'unflagged duplicate', detail})
      return
    }
    seen.add(id)
    if (entity === null) return
    const last = versions.get(entity) ?? -Infinity
    if (version <= last) found.push({violation: 'order', detail: `${detail} after v${last}`})
    versions.set(entity, Math.max(last, version))
  })
  for (const verdict of checkRestarts(partition, admitted)) found.push(verdict)
  return found
}

/** Everything that is wrong. A row counts as published only where a reader applies it. */
export function checkTopics(
  partitions: readonly Partition[],
  committed: ReadonlySet<string>,
): Verdict[] {
  const applied = new Set<string>()
  for (const partition of partitions) {
    const admitted = verdictsOf(partition, 0)
    partition.forEach((record, offset) => admitted[offset] && applied.add(record.id))
  }
  const missing = [...committed].filter(id => !applied.has(id))
  return [
    ...missing.map(id => ({violation: 'missing', detail: `row ${id}`}) as const),
    ...partitions.flatMap(partition => checkPartition(partition, committed)),
  ]
}

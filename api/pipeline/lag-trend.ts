/**
 * Whether records that wait become fewer: a short memory of how far each partition was.
 *
 * A lag alone says nothing: under load some records always wait. Stuck is a partition whose records of a
 * minute ago still wait, and of which not fewer wait than then.
 */
import type {PartitionLag} from '../schemas/admin.ts'

interface Look {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly partitions: readonly PartitionLag[]
}

const nameOf = ({topic, partition}: PartitionLag): string => `${topic}/${partition}`

export interface StuckPartition {
  readonly topic: string
  readonly name: string
  readonly lag: number
}

/** Partitions that are not further than where they ended at the earlier look, with as many waiting. */
export function findStuck(before: Look, now: Look): readonly StuckPartition[] {
  const earlier = new Map(before.partitions.map(one => [nameOf(one), one]))
  return now.partitions.flatMap(one => {
    const old = earlier.get(nameOf(one))
    const isStuck =
      old !== undefined && one.lag > 0 && one.end - one.lag < old.end && one.lag >= old.lag
    return isStuck ? [{topic: one.topic, name: nameOf(one), lag: one.lag}] : []
  })
}

export interface LagTrend {
  /** Takes a look into the memory, and says which partitions are stuck; none while it is too young. */
  add(look: Look): readonly StuckPartition[]
}

/** Looks kept of one window: it is as old as it should be, within a twelfth. */
const LOOKS = 12

export function createLagTrend({windowMs}: {readonly windowMs: number}): LagTrend {
  let looks: readonly Look[] = []
  return {
    add(look) {
      const last = looks.at(-1)
      if (last === undefined || look.at - last.at >= windowMs / LOOKS) looks = [...looks, look]
      // The newest of those that are old enough stays, and everything since.
      const first = looks.findLastIndex(({at}) => look.at - at >= windowMs)
      if (first < 0) return []
      looks = looks.slice(first)
      return findStuck(looks[0]!, look)
    },
  }
}

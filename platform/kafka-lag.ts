/** How far a group is behind the end of a topic. */
import type {KafkaAdmin, PartitionOffsets} from './kafka.ts'

export interface PartitionBehind extends PartitionOffsets {
  /** Next offset to read; -1 when nothing was committed: then everything that is there waits. */
  readonly committed: number
  readonly lag: number
}

/** Of every partition of the topic. */
export async function readLag(
  admin: Pick<KafkaAdmin, 'offsets' | 'groupOffsets'>,
  group: string,
  topic: string,
): Promise<readonly PartitionBehind[]> {
  const [ends, offsets] = await Promise.all([
    admin.offsets(topic),
    admin.groupOffsets(group, topic),
  ])
  return ends.map(({partition, begin, end}) => {
    const committed = offsets.find(one => one.partition === partition)?.offset ?? -1
    return {partition, begin, end, committed, lag: end - Math.max(committed, begin)}
  })
}

/** Whether the flow through the processor is as it should be. */
import type {TopicPartition} from '../platform/kafka.ts'
import type {Readiness} from '../platform/status-server.ts'

export interface ReadinessProbe {
  owned(partitions: readonly TopicPartition[]): void
  judge(): Readiness
}

export function createReadiness(): ReadinessProbe {
  let assigned: readonly TopicPartition[] | undefined
  return {
    owned(partitions) {
      assigned = partitions
    },
    judge() {
      const reasons = assigned === undefined ? ['no answer of the consumer group yet'] : []
      return {
        ready: reasons.length === 0,
        reasons,
        details: {
          partitions: (assigned ?? []).map(({topic, partition}) => `${topic}/${partition}`),
        },
      }
    },
  }
}

/** Which partitions of a destination wait, since when and why: for health and metrics. */
import type {TopicPartition} from '../../platform/kafka.ts'

export interface Held {
  /** A delivery of the partition waits. */
  wait(at: TopicPartition, why: string): void
  /** It goes on, or is not ours any more. */
  go(at: TopicPartition): void
  /** Nothing can be delivered; null: it can be again. */
  stand(why: string | null): void
  /** How long the one that waits longest has waited, milliseconds; 0: none waits. */
  longestMs(): number
  /** Sentences for people about what has waited for longer than the bound. */
  problems(): readonly string[]
}

interface Wait {
  readonly sinceMs: number
  readonly why: string
}

export function createHeld(
  destination: string,
  {now, stalledMs}: {readonly now: () => number; readonly stalledMs: number},
): Held {
  const waits = new Map<string, Wait>()
  let standing: string | null = null
  const nameOf = ({topic, partition}: TopicPartition): string => `${topic}/${partition}`
  const longest = (): Wait | undefined =>
    [...waits.values()].toSorted((a, b) => a.sinceMs - b.sinceMs)[0]
  const longestMs = (): number => now() - (longest()?.sinceMs ?? now())
  const told = (what: string): readonly string[] => [
    `sink ${destination}: ${what}; nothing is lost while Kafka keeps it`,
  ]
  return {
    wait(at, why) {
      const sinceMs = waits.get(nameOf(at))?.sinceMs ?? now()
      waits.set(nameOf(at), {sinceMs, why})
    },
    go: at => void waits.delete(nameOf(at)),
    stand(why) {
      standing = why
    },
    longestMs,
    problems() {
      if (standing !== null) return told(`nothing is delivered: ${standing}`)
      const first = longest()
      if (first === undefined || longestMs() < stalledMs) return []
      const names = [...waits.keys()].toSorted().join(', ')
      return told(`${names} held back since ${Math.round(longestMs() / 1000)} s: ${first.why}`)
    },
  }
}

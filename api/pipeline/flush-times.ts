/** How often a processor has written to Cassandra and how long that took, from its own histograms. */

/** Both grow: the mean of a while is the difference of two looks. */
export interface Flushes {
  readonly count: number
  readonly seconds: number
}

const NAMES = {
  raw_writes: 'processor_raw_write_seconds',
  checkpoints: 'processor_checkpoint_seconds',
} as const

/** The sum of all streams of a processor; nothing of what it does not count. */
export function readFlushTimes(text: string): Readonly<Record<string, Flushes>> {
  const sumOf = (metric: string): number | undefined => {
    const values = [...text.matchAll(new RegExp(`^${metric}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))]
    return values.length === 0
      ? undefined
      : values.reduce((sum, [, value]) => sum + Number(value), 0)
  }
  return Object.fromEntries(
    Object.entries(NAMES).flatMap(([name, metric]) => {
      const [count, seconds] = [sumOf(`${metric}_count`), sumOf(`${metric}_sum`)]
      return count === undefined || seconds === undefined ? [] : [[name, {count, seconds}]]
    }),
  )
}

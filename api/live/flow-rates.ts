/** Rates and latencies from numbers that only grow: what changed between looks. Pure. */

export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly count: number
}

/** Rates are taken over this long: long enough to be steady, short enough to be now. */
const WINDOW_MS = 5000

/** Keeps the samples of the window, and one before it to measure from. */
export function keepRecent(
  samples: readonly Sample[],
  next: Sample,
  windowMs = WINDOW_MS,
): readonly Sample[] {
  const last = samples.at(-1)
  // A number that fell was begun anew elsewhere: what was before says nothing about it.
  if (last !== undefined && next.count < last.count) return [next]
  const inside = samples.findIndex(({at}) => at >= next.at - windowMs)
  const kept = inside < 0 ? samples.slice(-1) : samples.slice(Math.max(0, inside - 1))
  return [...kept, next]
}

/** Per second over the samples, or null with fewer than two. */
export function rateOf(samples: readonly Sample[]): number | null {
  const [first] = samples
  const last = samples.at(-1)
  if (first === undefined || last === undefined || last.at <= first.at) return null
  return ((last.count - first.count) * 1000) / (last.at - first.at)
}

/** What a minute that is not over yet adds per second, smoothed by the one before it. */
export function rateOfMinutes(current: number, previous: number, secondsIn: number): number {
  return (current + (previous * (60 - secondsIn)) / 60) / 60
}

/** Observations up to each bound, cumulative, as Prometheus has them; the last bound is Infinity. */
export type Buckets = ReadonlyMap<number, number>

/** Sums the buckets of a histogram in exposition text, whatever its labels besides `wanted`. */
export function parseBuckets(text: string, name: string, wanted: string): Buckets {
  const sums = new Map<number, number>()
  const prefix = `${name}_bucket{`
  for (const line of text.split('\n')) {
    if (!line.startsWith(prefix) || !line.includes(wanted)) continue
    const bound = /le="([^"]+)"/.exec(line)?.[1]
    const count = Number(line.slice(line.lastIndexOf(' ') + 1))
    if (bound === undefined || !Number.isFinite(count)) continue
    const at = bound === '+Inf' ? Infinity : Number(bound)
    sums.set(at, (sums.get(at) ?? 0) + count)
  }
  return sums
}

/** The observations between two looks; all of the later look when the process began anew. */
export function subtractBuckets(after: Buckets, before: Buckets): Buckets {
  const difference = new Map<number, number>()
  for (const [bound, count] of after) difference.set(bound, count - (before.get(bound) ?? 0))
  return [...difference.values()].some(count => count < 0) ? after : difference
}

/** The value below which a share of the observations lies, within its bucket by proportion. */
export function quantile(buckets: Buckets, share: number): number | null {
  const sorted = [...buckets].toSorted(([a], [b]) => a - b)
  const total = sorted.at(-1)?.[1] ?? 0
  if (total === 0) return null
  const rank = share * total
  let low = 0
  let below = 0
  for (const [bound, count] of sorted) {
    if (count >= rank) {
      if (!Number.isFinite(bound)) return low
      return count === below ? bound : low + ((bound - low) * (rank - below)) / (count - below)
    }
    low = bound
    below = count
  }
  return low
}

/** Commit → visible, from the processors' own histograms: what was added since the look before. */

const lineOf = (store: string): RegExp =>
  new RegExp(
    String.raw`^processor_freshness_seconds_bucket\{(?=[^}]*store="${store}")[^}]*le="([^"]+)"[^}]*\} (\d+)$`,
    'gm',
  )
const TIMEOUT_MS = 1000

/** Counts by upper bound (seconds) of writes to a store, of all streams together. */
export function readBuckets(text: string, store = 'redis'): ReadonlyMap<number, number> {
  const buckets = new Map<number, number>()
  for (const [, bound, count] of text.matchAll(lineOf(store))) {
    const le = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound)
    buckets.set(le, (buckets.get(le) ?? 0) + Number(count))
  }
  return buckets
}

/** The bound below which the share lies, milliseconds, between bounds in proportion. */
export function quantileMs(buckets: ReadonlyMap<number, number>, share: number): number | null {
  const sorted = [...buckets].toSorted((a, b) => a[0] - b[0])
  const total = sorted.at(-1)?.[1] ?? 0
  if (total <= 0) return null
  const rank = share * total
  let lower = 0
  let below = 0
  for (const [bound, count] of sorted) {
    if (count >= rank) {
      if (!Number.isFinite(bound)) return lower * 1000
      const part = count === below ? 1 : (rank - below) / (count - below)
      return (lower + (bound - lower) * part) * 1000
    }
    lower = bound
    below = count
  }
  return null
}

/** What came between two looks; after a restart of the other side, all of it. */
export function difference(
  after: ReadonlyMap<number, number>,
  before: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  const inf = Number.POSITIVE_INFINITY
  if ((after.get(inf) ?? 0) < (before.get(inf) ?? 0)) return after
  return new Map([...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]))
}

/** @param urls of processors: settings of ours */
export function createLatency(
  urls: readonly string[],
): () => Promise<{readonly p50: number | null; readonly p99: number | null}> {
  const before = new Map<string, ReadonlyMap<number, number>>()
  let latest: {p50: number | null; p99: number | null} = {p50: null, p99: null}
  return async () => {
    const merged = new Map<number, number>()
    await Promise.all(
      urls.map(async url => {
        const answer = await fetch(`${url}/metrics`, {signal: AbortSignal.timeout(TIMEOUT_MS)})
        const text = await answer.text()
        const live = readBuckets(text)
        const buckets = live.size > 0 ? live : readBuckets(text, 'cassandra')
        const added = difference(buckets, before.get(url) ?? buckets)
        before.set(url, buckets)
        for (const [bound, count] of added) merged.set(bound, (merged.get(bound) ?? 0) + count)
      }),
    )
    if ((merged.get(Number.POSITIVE_INFINITY) ?? 0) > 0) {
      latest = {p50: quantileMs(merged, 0.5), p99: quantileMs(merged, 0.99)}
    }
    return latest
  }
}

/** What a service says about itself, as words for the page. Pure. */
import {formatMs} from './format.ts'

interface Flushes {
  readonly count: number
  readonly seconds: number
}

const isFlushes = (value: unknown): value is Flushes =>
  typeof value === 'object' && value !== null && 'count' in value && 'seconds' in value

const entriesOf = (details: unknown): readonly (readonly [string, unknown])[] =>
  typeof details === 'object' && details !== null ? Object.entries(details) : []

/** Milliseconds that one flush took between two looks; where there was none, what was known before. */
export function meansBetween(
  before: unknown,
  after: unknown,
  known: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const old = new Map(entriesOf(before))
  const means = new Map<string, number>()
  for (const [name, now] of entriesOf(after)) {
    if (!isFlushes(now)) continue
    const then = old.get(name)
    // The first look, or one after a restart, knows the mean since the start only.
    const from = isFlushes(then) && then.count <= now.count ? then : {count: 0, seconds: 0}
    const mean =
      now.count > from.count
        ? ((now.seconds - from.seconds) * 1000) / (now.count - from.count)
        : known.get(name)
    if (mean !== undefined) means.set(name, mean)
  }
  return means
}

/** `waitingRows` and `raw_writes` as words. */
const toWords = (name: string): string =>
  name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()

/** `a/0`, `a/1`, `b/0` as `a 0 1, b 0`. */
function group(partitions: readonly string[]): string {
  const byTopic = new Map<string, string[]>()
  for (const name of partitions) {
    const at = name.lastIndexOf('/')
    const topic = at < 0 ? name : name.slice(0, at)
    byTopic.set(topic, [...(byTopic.get(topic) ?? []), ...(at < 0 ? [] : [name.slice(at + 1)])])
  }
  return [...byTopic].map(([topic, numbers]) => [topic, ...numbers].join(' ')).join(', ')
}

/** What there is by name, such as causes by partition. */
const isByName = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function toText(value: unknown): string {
  if (Array.isArray(value) && value.every(one => typeof one === 'string')) {
    return value.length === 0 ? 'none' : group(value)
  }
  if (isByName(value)) {
    return entriesOf(value)
      .map(([name, one]) => `${name}: ${toText(one)}`)
      .join('; ')
  }
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** One line per fact: flushes by how long they take, the rest as it is; nothing of what there is none of. */
export const toFacts = (
  details: unknown,
  means: ReadonlyMap<string, number>,
): readonly (readonly [string, string])[] =>
  entriesOf(details)
    .filter(([, value]) => !isByName(value) || entriesOf(value).length > 0)
    .map(([name, value]) => [
      toWords(name),
      isFlushes(value) ? `${formatMs(means.get(name) ?? null)} each` : toText(value),
    ])

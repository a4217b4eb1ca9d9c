/** How each stage of the pipeline is doing, decided from its figures. Pure. */

export type Health = 'good' | 'warn' | 'bad' | 'unknown'

export const HEALTH_WORDS: Readonly<Record<Health, string>> = {
  good: 'Keeping up',
  warn: 'Behind',
  bad: 'Not working',
  unknown: 'Not known',
}

const ORDER: readonly Health[] = ['good', 'unknown', 'warn', 'bad']

/** Rows or records that wait in passing; more of them means that a stage is behind. */
const LAG_WARN = 1000
const LAG_BAD = 100_000
const AGE_WARN_S = 2
const AGE_BAD_S = 60

export interface Judged {
  readonly health: Health
  readonly word: string
}

/** The worst of what a stage is judged by, in the word for it; what waits is said in the usual ones. */
export const judgeStage = (
  parts: readonly (readonly [health: Health, warnWord?: string])[],
): Judged =>
  parts
    .map(([health, warnWord]) => ({
      health,
      word: health === 'warn' && warnWord !== undefined ? warnWord : HEALTH_WORDS[health],
    }))
    .reduce((a, b) => (ORDER.indexOf(b.health) > ORDER.indexOf(a.health) ? b : a))

/** Rows of the outbox that wait for the relay. */
export function judgeOutbox(waiting: number | null, oldestSeconds: number | null): Health {
  if (waiting === null) return 'unknown'
  const age = oldestSeconds ?? 0
  if (age >= AGE_BAD_S || waiting >= LAG_BAD) return 'bad'
  return age >= AGE_WARN_S || waiting >= LAG_WARN ? 'warn' : 'good'
}

/** Records that wait for the processor. */
export function judgeLag(records: number | null): Health {
  if (records === null) return 'unknown'
  if (records >= LAG_BAD) return 'bad'
  return records >= LAG_WARN ? 'warn' : 'good'
}

/** A service that does not answer does not work; one that is not ready says why. */
export function judgeServices(services: readonly {readonly ready: boolean | null}[]): Health {
  if (services.length === 0) return 'unknown'
  if (services.some(({ready}) => ready === null)) return 'bad'
  return services.some(({ready}) => ready === false) ? 'warn' : 'good'
}

export function judgeStores(stores: readonly {readonly ok: boolean}[]): Health {
  if (stores.length === 0) return 'unknown'
  return stores.every(({ok}) => ok) ? 'good' : 'bad'
}

/** Events per second between two looks at a growing number; undefined until there are two. */
export function rateBetween(
  before: {readonly at: number; readonly count: number} | undefined,
  after: {readonly at: number; readonly count: number},
): number | undefined {
  if (before === undefined || after.at <= before.at) return undefined
  return (Math.max(0, after.count - before.count) * 1000) / (after.at - before.at)
}

/** Places in time of the stages of one event, as milliseconds since the first. */
export function sinceFirst(times: readonly (string | null)[]): readonly (number | null)[] {
  const known = times.map(time => (time === null ? null : Date.parse(time)))
  const first = known.find(ms => ms !== null && Number.isFinite(ms)) ?? null
  return known.map(ms =>
    ms === null || first === null || !Number.isFinite(ms) ? null : ms - first,
  )
}

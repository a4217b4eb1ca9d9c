/** What a simulation says: how far it is, and at the end what it planted, so that one can look whether it was found. */
import type {Change, StreamName} from './changes.ts'
import type {Planted} from './planted.ts'

/** Rows that were written. */
export interface Counts {
  readonly inserted: ReadonlyMap<StreamName, number>
  /** Rows of earlier that were corrected or deleted. */
  readonly changed: number
}

export interface Progress extends Counts {
  readonly elapsedMs: number
  readonly insertMs: number
}

const WORDS: Readonly<Record<StreamName, string>> = {
  engagement: 'engagement',
  activity: 'page views',
  users: 'users',
  orders: 'order lines',
  readings: 'readings',
  logs: 'log lines',
}
/** Lines of what was planted. */
const LISTED = 60

export const NOTHING: Counts = {inserted: new Map(), changed: 0}

export function countMore({inserted, changed}: Counts, changes: readonly Change[]): Counts {
  const more = new Map(inserted)
  let others = changed
  for (const {stream, op} of changes) {
    if (op === 'insert') more.set(stream, (more.get(stream) ?? 0) + 1)
    else others += 1
  }
  return {inserted: more, changed: others}
}

export const allOf = ({inserted, changed}: Counts): number =>
  inserted.values().reduce((sum, count) => sum + count, changed)

export function progressText(streams: readonly StreamName[], progress: Progress): string {
  const {inserted, changed, elapsedMs, insertMs} = progress
  const seconds = elapsedMs / 1000
  const parts = streams.map(name => `${inserted.get(name) ?? 0} ${WORDS[name]}`)
  if (changed > 0) parts.push(`${changed} returned or corrected`)
  const perSecond = (allOf(progress) / Math.max(seconds, 0.001)).toFixed(0)
  return `${seconds.toFixed(0)} s | ${perSecond} events/s | ${parts.join(', ')} | last insert ${insertMs.toFixed(1)} ms`
}

/** A line for each thing planted, the newest ones where there are too many. */
export function plantedText(planted: readonly Planted[]): string {
  if (planted.length === 0) return 'planted: nothing'
  const listed = planted.slice(-LISTED)
  const lines = listed.map(one => [
    one.stream,
    one.what,
    `${one.from} to ${one.until ?? '(goes on)'}`,
    one.rows === 0 ? '' : `${one.rows} ${one.rows === 1 ? 'row' : 'rows'}`,
    one.where,
  ])
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  const rest = planted.length - listed.length
  return [
    'planted, to be found:',
    ...(rest === 0 ? [] : [`  ${rest} earlier ones: --json lists up to a thousand`]),
    ...lines.map(line =>
      `  ${line.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd(),
    ),
  ].join('\n')
}

/** For scripts: one line. */
export const jsonText = (progress: Progress, planted: readonly Planted[]): string =>
  JSON.stringify({
    seconds: Math.round(progress.elapsedMs / 1000),
    inserted: Object.fromEntries(progress.inserted),
    changed: progress.changed,
    planted,
  })

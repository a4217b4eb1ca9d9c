/** How jobs that run by themselves stand, in a word. Pure. */
import type {JobRun, Schedule} from '../net/types.ts'

export type Tone = 'good' | 'warn' | 'bad' | ''

export interface Standing {
  readonly word: string
  readonly tone: Tone
  /** More of it, for who points at the word. */
  readonly detail: string
}

const RUNS: Readonly<Record<JobRun['state'], readonly [word: string, tone: Tone]>> = {
  due: ['waiting', ''],
  queued: ['waiting', ''],
  running: ['running', ''],
  retrying: ['trying again', 'warn'],
  succeeded: ['succeeded', 'good'],
  failed: ['failed', 'bad'],
  skipped: ['passed over', 'warn'],
}

export const standingOfRun = ({state, error}: JobRun): Standing => {
  const [word, tone] = RUNS[state]
  return {word, tone, detail: error ?? ''}
}

const isOpen = ({finished_at}: JobRun): boolean => finished_at === null

/** What is under way comes before what is settled, and what is settled before how it went. */
export function standingOf({off, paused_at, latest}: Schedule): Standing {
  const [newest] = latest
  if (newest !== undefined && isOpen(newest)) return standingOfRun(newest)
  if (off !== null) return {word: 'off', tone: '', detail: off}
  if (paused_at !== null) return {word: 'paused', tone: 'warn', detail: 'it does not run by itself'}
  // One that was passed over says nothing about how it goes.
  const told = latest.find(({state}) => state !== 'skipped')
  if (told === undefined) return {word: 'not run yet', tone: '', detail: ''}
  return told.state === 'failed'
    ? {word: 'failing', tone: 'bad', detail: told.error ?? ''}
    : standingOfRun(told)
}

/** When it runs, in words. */
export const whenOf = ({cron, zone, after}: Pick<Schedule, 'cron' | 'zone' | 'after'>): string =>
  cron === null ? `after ${after.join(', ')}` : `${cron} ${zone}`

const CAUSES: Readonly<Record<JobRun['cause'], string>> = {
  cron: 'its time',
  after: 'after others',
  asked: 'asked for',
}
export const causeOf = ({cause}: JobRun): string => CAUSES[cause]

/** What a run says that it has done, in a line. */
export function resultOf({result, error}: JobRun): string {
  if (error !== null) return error
  if (typeof result !== 'object' || result === null) return ''
  return Object.entries(result)
    .map(
      ([name, value]) =>
        `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    )
    .join(', ')
}

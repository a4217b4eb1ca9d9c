/**
 * Values of rules from the API, so that they are the numbers that are served.
 *
 * Guarantees    INV-154: an answer that is incomplete, old or of too many rows is no value, and says why.
 */
import {ALERT_ROWS_MAX, type AlertQuestion} from '../../contracts/alerts.ts'
import {messageOf} from '../../platform/errors.ts'
import {WHOLE, type Rows} from './judge.ts'

export type Found =
  | {readonly kind: 'rows'; readonly rows: Rows}
  | {readonly kind: 'notJudged'; readonly reason: string}

export interface Figures {
  ask(question: AlertQuestion, signal: AbortSignal): Promise<Found>
}

export interface FiguresOptions {
  readonly apiUrl: string
  readonly apiKey: string | undefined
  readonly timeoutMs: number
  /** Numbers that lack what was committed so long ago are not judged by. */
  readonly ageMsMax: number
}

interface Answer {
  readonly results: readonly {
    readonly dimensions: readonly (string | number | boolean | null)[]
    readonly metrics: readonly unknown[]
  }[]
  readonly meta: {readonly age_ms: number | null}
}

interface ProblemBody {
  readonly detail?: string
}

const NO_VALUE = '(none)'

const notJudged = (reason: string): Found => ({kind: 'notJudged', reason})

/** What an answer says, or why it says nothing. Pure. */
export function readAnswer({results, meta}: Answer, ageMsMax: number): Found {
  if (meta.age_ms === null) return notJudged('it is not known how old the numbers are')
  if (meta.age_ms > ageMsMax) {
    return notJudged(`the numbers are ${Math.round(meta.age_ms / 1000)} s old`)
  }
  if (results.length > ALERT_ROWS_MAX) {
    return notJudged(`there are more than ${ALERT_ROWS_MAX} rows: give the rule filters`)
  }
  const rows = new Map<string, number | null>()
  for (const {dimensions, metrics} of results) {
    const subject = dimensions.length === 0 ? WHOLE : String(dimensions[0] ?? NO_VALUE)
    const [value] = metrics
    rows.set(subject, typeof value === 'number' ? value : null)
  }
  return {kind: 'rows', rows}
}

export function createFigures({apiUrl, apiKey, timeoutMs, ageMsMax}: FiguresOptions): Figures {
  const url = new URL('/v1/query', apiUrl)
  const headers = {
    'content-type': 'application/json',
    ...(apiKey === undefined ? {} : {authorization: `Bearer ${apiKey}`}),
  }
  return {
    async ask(question, signal) {
      try {
        const answer = await fetch(url, {
          method: 'POST',
          headers,
          body: JSON.stringify(question),
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        })
        const body: unknown = await answer.json()
        if (answer.ok) return readAnswer(body as Answer, ageMsMax)
        return notJudged((body as ProblemBody).detail ?? `the API answers ${answer.status}`)
      } catch (error) {
        return notJudged(`the API does not answer: ${messageOf(error)}`)
      }
    },
  }
}

interface Shared {
  readonly until: number
  readonly found: Promise<Found>
}

/** Rules that ask the same within `lifeMs` are given one answer: bounds of several severities cost one question. */
export function shareAnswers(
  figures: Figures,
  {lifeMs, now}: {readonly lifeMs: number; readonly now: () => number},
): Figures {
  const shared = new Map<string, Shared>()
  return {
    async ask(question, signal) {
      const at = now()
      for (const [key, {until}] of shared) if (until <= at) shared.delete(key)
      const key = JSON.stringify(question)
      const known = shared.get(key)
      if (known !== undefined) return await known.found
      const found = figures.ask(question, signal)
      shared.set(key, {until: at + lifeMs, found})
      return await found
    },
  }
}

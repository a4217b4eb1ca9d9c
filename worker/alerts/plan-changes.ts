/** From the values of a rule to what is done about it. Pure. */
import type {Stream} from '../../contracts/stream.ts'
import {metricsOf} from '../../contracts/measures.ts'
import {CLOSED, decide, type HoldTimes, type RowState} from './decide.ts'
import type {Changes, Opening} from './incident-table.ts'
import {judgeRows, type Absent, type Values} from './judge.ts'
import type {StoredRule} from './rule-table.ts'
import {summaryOf} from './words.ts'

/** So many incidents of one rule are open at once: more rows would say the same. */
export const OPEN_MAX = 100

const COUNTED = new Set(['count', 'sum', 'uniques'])

/** What a row has of a metric when nothing of it was counted. */
export function absentOf(streams: readonly Stream[], {stream, metric}: StoredRule): Absent {
  const measures = streams.find(({name}) => name === stream)?.measures ?? {}
  const found = Object.entries(measures).find(([name, measure]) =>
    metricsOf(name, measure).includes(metric),
  )
  // Metrics that no measure is called by are made of counts.
  return found === undefined || COUNTED.has(found[1].kind) ? 0 : null
}

export const holdTimesOf = (rule: StoredRule): HoldTimes => ({
  openAfterMs: rule.open_after_seconds * 1000,
  resolveAfterMs: rule.resolve_after_seconds * 1000,
})

export interface Judged {
  readonly values: Values
  readonly states: ReadonlyMap<string, RowState>
  readonly absent: Absent
  readonly now: number
}

/** @returns changes, and how many rows more would have opened */
export function planChanges(
  rule: StoredRule,
  {values, states, absent, now}: Judged,
): Changes & {readonly left: number} {
  const times = holdTimesOf(rule)
  const open: Opening[] = []
  const resolve: string[] = []
  const hold: {subject: string; since: number}[] = []
  const forget: string[] = []
  for (const [subject, verdict] of judgeRows(rule, values, {known: states.keys(), absent})) {
    const {isMet, value, expected} = verdict
    const decision = decide(times, states.get(subject) ?? CLOSED, {isMet, now})
    if (decision.kind === 'open') {
      open.push({subject, value, expected, summary: summaryOf(rule, subject, verdict)})
    } else if (decision.kind === 'resolve') resolve.push(subject)
    else if (decision.kind === 'hold') hold.push({subject, since: decision.since})
    else if (decision.kind === 'forget') forget.push(subject)
  }
  const openNow = [...states.values()].filter(({isOpen}) => isOpen).length
  const room = Math.max(0, OPEN_MAX - openNow)
  return {open: open.slice(0, room), resolve, hold, forget, left: Math.max(0, open.length - room)}
}

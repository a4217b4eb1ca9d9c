/**
 * Evaluates the rules: one worker does, another takes over when it ends or stalls.
 *
 * Guarantees    INV-153 to INV-156, each by the part that it calls.
 * Does not      send anything: what opens is queued with the incident, and sent by courier.ts.
 */
import type {Stream} from '../../contracts/stream.ts'
import {dispositionOf, messageOf} from '../../platform/errors.ts'
import {pause, type Loop} from '../../platform/lifecycle.ts'
import type {Logger} from '../../platform/log.ts'
import type {Pool} from '../../platform/postgres.ts'
import {everyMsOf, nextDueMs} from './decide.ts'
import {applyChanges, hasChanges} from './incident-table.ts'
import type {Lease} from './lease.ts'
import type {Measure} from './measure.ts'
import type {AlertMetrics} from './metrics.ts'
import {absentOf, holdTimesOf, OPEN_MAX, planChanges} from './plan-changes.ts'
import {noteJudged, readRules, readStates, type StoredRule} from './rule-table.ts'

export interface EvaluatorDeps {
  readonly pool: Pool
  readonly lease: Lease
  readonly measure: Measure
  readonly streams: readonly Stream[]
  readonly metrics: AlertMetrics
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface EvaluatorOptions {
  /** How often the rules are looked at. */
  readonly tickMs: number
  /** How often the lease is taken anew: some times while it lasts. */
  readonly renewMs: number
  readonly concurrencyMax: number
}

/** What this worker knows of a rule. */
interface Watched {
  readonly version: string
  dueAt: number
  isBusy: boolean
  /** What the rule says of itself, and when that was written. */
  note: string | null | undefined
  notedAt: number
}

const NOTE_MS = 10_000

export function createEvaluator(deps: EvaluatorDeps, options: EvaluatorOptions): Loop {
  const {pool, lease, measure, metrics, now} = deps
  const log = deps.log.child({component: 'alerts'})
  const watched = new Map<string, Watched>()
  let isLeader = false
  let renewAt = 0

  const note = async (
    rule: StoredRule,
    of: Watched,
    {isJudged, note: text}: {readonly isJudged: boolean; readonly note: string | null},
  ): Promise<void> => {
    if (of.note === text && now() - of.notedAt < NOTE_MS) return
    await noteJudged(pool, rule.id, {isJudged, note: text})
    of.note = text
    of.notedAt = now()
  }

  const evaluate = async (rule: StoredRule, of: Watched, signal: AbortSignal): Promise<void> => {
    const measured = await measure.measure(rule, signal)
    if (signal.aborted) return
    if (measured.kind === 'notJudged') {
      metrics.evaluations.inc({outcome: 'not judged'})
      await note(rule, of, {isJudged: false, note: measured.reason})
      return
    }
    const states = await readStates(pool, rule.id)
    const absent = absentOf(deps.streams, rule)
    const plan = planChanges(rule, {values: measured.values, states, absent, now: now()})
    if (hasChanges(plan)) {
      const {opened, resolved} = await applyChanges({pool, lease}, rule, plan)
      metrics.incidents.inc({event: 'opened'}, opened)
      metrics.incidents.inc({event: 'resolved'}, resolved)
      if (opened + resolved > 0) log.info({rule: rule.name, opened, resolved}, 'incidents')
    }
    metrics.evaluations.inc({outcome: 'judged'})
    const more = `${plan.left} rows more would open: ${OPEN_MAX} are, which is as many as may`
    await note(rule, of, {isJudged: true, note: plan.left > 0 ? more : null})
  }

  /** One that fails is tried again when it is due; what cannot be tried again stops the loop. */
  const run = async (rule: StoredRule, of: Watched, signal: AbortSignal): Promise<void> => {
    const startedAt = now()
    of.isBusy = true
    try {
      await evaluate(rule, of, signal)
    } catch (error) {
      if (dispositionOf(error) !== 'retry') throw error
      metrics.evaluations.inc({outcome: 'failed'})
      log.warn({rule: rule.name, reason: messageOf(error)}, 'rule could not be evaluated')
    } finally {
      of.isBusy = false
      of.dueAt = nextDueMs(startedAt, now(), everyMsOf(rule.window_minutes, holdTimesOf(rule)))
    }
  }

  const watch = (rules: readonly StoredRule[]): void => {
    const ids = new Set(rules.map(({id}) => id))
    for (const id of watched.keys()) if (!ids.has(id)) watched.delete(id)
    measure.retain(ids)
    for (const {id, version} of rules) {
      if (watched.get(id)?.version === version) continue
      watched.set(id, {version, dueAt: 0, isBusy: false, note: undefined, notedAt: 0})
    }
  }

  const lead = async (): Promise<boolean> => {
    if (now() < renewAt) return isLeader
    const isOurs = await lease.take()
    renewAt = now() + options.renewMs
    if (isOurs !== isLeader) log.info({isLeader: isOurs}, 'who evaluates the rules')
    // What another one did meanwhile is not known here.
    if (!isOurs) watched.clear()
    isLeader = isOurs
    metrics.evaluator.set(isOurs ? 1 : 0)
    return isOurs
  }

  const look = async (): Promise<readonly StoredRule[]> => {
    try {
      if (!(await lead())) return []
      const rules = await readRules(pool)
      watch(rules)
      return rules.filter(({id}) => {
        const {isBusy, dueAt} = watched.get(id)!
        return !isBusy && dueAt <= now()
      })
    } catch (error) {
      if (dispositionOf(error) !== 'retry') throw error
      log.warn({reason: messageOf(error)}, 'rules cannot be read')
      return []
    }
  }

  return {
    name: 'alert-evaluator',
    async run(signal) {
      const own = new AbortController()
      const all = AbortSignal.any([signal, own.signal])
      const running = new Set<Promise<void>>()
      const failures: unknown[] = []
      const start = (rule: StoredRule): void => {
        const work = run(rule, watched.get(rule.id)!, all)
          .catch((error: unknown) => {
            failures.push(error)
            own.abort()
          })
          .finally(() => running.delete(work))
        running.add(work)
      }
      try {
        while (!all.aborted) {
          const due = await look()
          // The one that waits longest first.
          const first = due.toSorted((a, b) => watched.get(a.id)!.dueAt - watched.get(b.id)!.dueAt)
          for (const rule of first.slice(0, options.concurrencyMax - running.size)) start(rule)
          await pause(options.tickMs, all)
        }
      } finally {
        own.abort()
        await Promise.all(running)
        if (isLeader) await lease.release().catch(() => undefined)
      }
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** What of alerts needs a person: rules that nobody judges, messages that do not go out. For health and metrics. */
import type {Pool} from '../../platform/postgres.ts'
import {query} from './database.ts'

export interface UnjudgedRule {
  readonly name: string
  /** What its evaluator said, or null when none did. */
  readonly why: string | null
  readonly seconds: number
}

export interface WaitingChannel {
  readonly name: string
  readonly kind: 'webhook' | 'mail'
  /** Messages that were given up, and that nobody has decided about. */
  readonly dead: number
  readonly dead_why: string | null
  readonly waiting: number
  /** Of the oldest one that waits. */
  readonly waiting_seconds: number
  /** What its last try was answered with; null: there was none. */
  readonly waiting_why: string | null
}

export interface AlertStanding {
  readonly rules: readonly UnjudgedRule[]
  readonly channels: readonly WaitingChannel[]
}

/** A rule is evaluated once a minute at least (decide.ts), and says so. */
const RULES = `
  SELECT name, why, extract(epoch FROM now() - since)::double precision AS seconds
    FROM (SELECT name, not_judged AS why, greatest(judged_at, changed_at) AS since FROM api.alert_rules) r
   WHERE since < now() - interval '3 min'
   ORDER BY since, name`

const CHANNELS = `
  SELECT c.name, c.kind,
         count(*) FILTER (WHERE d.state = 'dead')::int AS dead,
         (array_agg(d.error ORDER BY d.id DESC) FILTER (WHERE d.state = 'dead'))[1] AS dead_why,
         count(*) FILTER (WHERE d.state = 'waiting')::int AS waiting,
         coalesce(extract(epoch FROM now() - min(d.queued_at) FILTER (WHERE d.state = 'waiting')), 0)::double precision AS waiting_seconds,
         (array_agg(d.error ORDER BY d.id) FILTER (WHERE d.state = 'waiting'))[1] AS waiting_why
    FROM api.alert_channels c JOIN api.alert_deliveries d ON d.channel = c.name AND d.state IN ('waiting', 'dead')
   GROUP BY c.name, c.kind ORDER BY c.name`

export const readAlertStanding = async (pool: Pool): Promise<AlertStanding> => ({
  rules: await query<UnjudgedRule>(pool, RULES),
  channels: await query<WaitingChannel>(pool, CHANNELS),
})

/** So long a message may wait before somebody should look. */
const WAIT_S = 60
/** So many rules are told by name. */
const NAMED = 5

const LETTERS = '/v1/alerts/deliveries?state=dead'

function aboutChannel(channel: WaitingChannel): readonly string[] {
  const {kind, dead, waiting, waiting_seconds: seconds} = channel
  const untried = kind === 'mail' ? 'no worker sends mail: WORKER_ALERT_SMTP_URL' : 'nobody tried'
  return [
    ...(dead > 0
      ? [`${dead} given up, the last: ${channel.dead_why}; re-drive or discard (${LETTERS})`]
      : []),
    ...(seconds > WAIT_S
      ? [`${waiting} wait, for ${Math.round(seconds)} s: ${channel.waiting_why ?? untried}`]
      : []),
  ]
}

/** Sentences for people, by what they are about. */
export function warningsOfAlerts({rules, channels}: AlertStanding): Record<string, string> {
  const more = rules.length - NAMED
  return Object.fromEntries([
    ...rules
      .slice(0, NAMED)
      .map(({name, why, seconds}) => [
        `rule ${name}`,
        `not judged for ${Math.round(seconds)} s: ${why ?? 'no worker evaluates it'}`,
      ]),
    ...(more > 0 ? [['rules', `${more} more are not judged`]] : []),
    ...channels
      .map(channel => [`channel ${channel.name}`, aboutChannel(channel).join('; ')] as const)
      .filter(([, text]) => text !== ''),
  ])
}

/** What `npm run dead-letters` is asked for. Everything is judged before any server is asked. */
import {parseArgs} from 'node:util'
import {INSTANT_PATTERN, parseInstant} from '../../api/period.ts'
import type {LetterFilter, Verb} from '../../api/pipeline/dead-letters.ts'
import {ERROR_CODES, messageOf} from '../../platform/errors.ts'

export const USAGE = `usage: npm run dead-letters -- list [FILTER] [--limit N] [--all]   open ones, newest first; --all: also resolved ones
       npm run dead-letters -- show ID                             with what could not be handled
       npm run dead-letters -- redrive ID                          the row's present state goes through the outbox again
       npm run dead-letters -- discard ID                          nothing more is done about it
       npm run dead-letters -- redrive FILTER|--all --yes [--limit N]
       npm run dead-letters -- discard FILTER|--all --yes [--limit N]

FILTER: any of
  --topic T     of the stream, without prefix: engagement_events
  --reason R    ENCODE_FAILED, RECORD_TOO_LARGE, TOPIC_UNKNOWN, RULE_BROKEN, ...
  --from TIME   put aside at this time or later: 2026-01-31 or 2026-01-31T12:00:00Z
  --to TIME     put aside before

Many are resolved one by one, the oldest first; those that fail stay open and are named. It may be run again.
Without --yes it says how many match, and does nothing. Exit status 1: some failed; 2: wrong arguments.`

/** An argument that cannot be taken: names it, its value, and what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export type Command =
  | {readonly kind: 'help'}
  | {readonly kind: 'list'; readonly filter: LetterFilter; readonly limit: number}
  | {readonly kind: 'show'; readonly id: string}
  | {readonly kind: 'one'; readonly verb: Verb; readonly id: string}
  | {
      readonly kind: 'many'
      readonly verb: Verb
      readonly filter: LetterFilter
      readonly limit: number
      readonly isSure: boolean
    }

const LIST_LIMIT = 50
const LIMIT_MAX = 1_000_000
const REASONS = [...ERROR_CODES, 'UNKNOWN'] as const
const ID = /^(outbox:[1-9]\d{0,14}|[\w.-]{1,249}:\d{1,5}:\d{1,15})$/
const TOPIC = /^[\w.-]{1,249}$/

const OPTIONS = {
  topic: {type: 'string'},
  reason: {type: 'string'},
  from: {type: 'string'},
  to: {type: 'string'},
  limit: {type: 'string'},
  all: {type: 'boolean', default: false},
  yes: {type: 'boolean', default: false},
  help: {type: 'boolean', default: false},
} as const

type Values = ReturnType<typeof read>['values']

function read(args: readonly string[]) {
  try {
    return parseArgs({args: [...args], options: OPTIONS, allowPositionals: true})
  } catch (error) {
    throw new UsageError(`${messageOf(error).split('. ', 1)[0]}: see --help`)
  }
}

const refuse = (option: string, value: string, what: string): UsageError =>
  new UsageError(`${option} ${value}: ${what}`)

function readTime(option: 'from' | 'to', text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const what = 'give a date or time as 2026-01-31 or 2026-01-31T12:00:00Z'
  if (!new RegExp(INSTANT_PATTERN).test(text)) throw refuse(`--${option}`, text, what)
  try {
    return new Date(parseInstant(option, text, 'UTC')).toISOString()
  } catch (error) {
    throw refuse(`--${option}`, text, `${messageOf(error)}; ${what}`)
  }
}

function readFilter({topic, reason, ...values}: Values): LetterFilter {
  if (topic !== undefined && !TOPIC.test(topic)) {
    throw refuse('--topic', topic, 'give the name of a topic, as engagement_events')
  }
  if (reason !== undefined && !REASONS.some(one => one === reason)) {
    throw refuse('--reason', reason, `give one of ${REASONS.join(', ')}`)
  }
  const from = readTime('from', values.from)
  const to = readTime('to', values.to)
  if (from !== undefined && to !== undefined && from >= to) {
    throw refuse('--to', values.to!, `give a time later than --from ${values.from}`)
  }
  return {topic, reason, from, to}
}

function readLimit(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > LIMIT_MAX) {
    throw refuse('--limit', text, `give a whole number from 1 to ${LIMIT_MAX}`)
  }
  return limit
}

/** @throws UsageError */
export function parseCommand(args: readonly string[]): Command {
  const {values, positionals} = read(args)
  if (values.help) return {kind: 'help'}
  const [name, id, more] = positionals
  if (more !== undefined) throw new UsageError(`${more}: one id at a time, or a filter`)
  const filter = readFilter(values)
  const given = Object.values(filter).some(value => value !== undefined)
  if (name === 'list') {
    if (id !== undefined) throw new UsageError(`list ${id}: give --limit ${id}, or show ${id}`)
    const state = values.all ? 'all' : 'open'
    return {kind: 'list', filter: {...filter, state}, limit: readLimit(values.limit, LIST_LIMIT)}
  }
  if (name !== 'show' && name !== 'redrive' && name !== 'discard') {
    throw new UsageError(`${name ?? 'no command'}: give list, show, redrive or discard; see --help`)
  }
  if (id !== undefined || name === 'show') {
    if (id === undefined) throw new UsageError('show: give an id, as list prints it')
    if (!ID.test(id)) {
      throw new UsageError(`${id}: give an id as list prints it, outbox:7 or events.dlq:0:7`)
    }
    if (given || values.all || values.limit !== undefined) {
      throw new UsageError(`${name} ${id}: give either an id, or a filter`)
    }
    return name === 'show' ? {kind: 'show', id} : {kind: 'one', verb: name, id}
  }
  if (given === values.all) {
    const why = given ? '--all and a filter exclude each other' : 'give an id, a filter, or --all'
    throw new UsageError(`${name}: ${why}; see --help`)
  }
  const limit = readLimit(values.limit, LIMIT_MAX)
  return {kind: 'many', verb: name, filter, limit, isSure: values.yes}
}

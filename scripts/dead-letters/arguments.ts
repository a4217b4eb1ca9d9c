/** What `npm run dead-letters` is asked for. Everything is judged before any server is asked. */
import {INSTANT_PATTERN, parseInstant} from '../../api/period.ts'
import type {LetterFilter, Verb} from '../../api/pipeline/dead-letters.ts'
import {ERROR_CODES, messageOf} from '../../platform/errors.ts'
import {UsageError, type Input} from '../command.ts'
import type {COMMANDS} from '../commands.ts'

export type LetterCommand =
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

type Values = Input<(typeof COMMANDS)['dead-letters']>['values']

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
export function readLetterCommand({
  values,
  positionals,
}: Pick<Input<(typeof COMMANDS)['dead-letters']>, 'positionals' | 'values'>): LetterCommand {
  const [name, id, more] = positionals
  if (more !== undefined) throw new UsageError(`${more}: one id at a time, or a filter`)
  const filter = readFilter(values)
  const given = Object.values(filter).some(value => value !== undefined)
  if (name === 'list') {
    if (id !== undefined) throw new UsageError(`list ${id}: give --limit ${id}, or show ${id}`)
    const state = values.all === true ? 'all' : 'open'
    return {kind: 'list', filter: {...filter, state}, limit: readLimit(values.limit, LIST_LIMIT)}
  }
  if (name !== 'show' && name !== 'redrive' && name !== 'discard') {
    throw new UsageError(`${name ?? 'no command'}: give list, show, redrive or discard`)
  }
  if (id !== undefined || name === 'show') {
    if (id === undefined) throw new UsageError('show: give an id, as list prints it')
    if (!ID.test(id)) {
      throw new UsageError(`${id}: give an id as list prints it, outbox:7 or events.dlq:0:7`)
    }
    if (given || values.all === true || values.limit !== undefined) {
      throw new UsageError(`${name} ${id}: give either an id, or a filter`)
    }
    return name === 'show' ? {kind: 'show', id} : {kind: 'one', verb: name, id}
  }
  if (given === (values.all === true)) {
    const why = given ? '--all and a filter exclude each other' : 'give an id, a filter, or --all'
    throw new UsageError(`${name}: ${why}`)
  }
  const limit = readLimit(values.limit, LIMIT_MAX)
  return {kind: 'many', verb: name, filter, limit, isSure: values.yes === true}
}

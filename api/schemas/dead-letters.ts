/** What could not be published or applied. */
import {Type, type Static} from 'typebox'
import {
  closed,
  Count,
  expected,
  instantOf,
  limitOf,
  named,
  nullable,
  oneOf,
  optional,
  textOf,
  Time,
} from './common.ts'

const Share = nullable(
  Type.Number({minimum: 0, maximum: 1, description: 'null when it is not known'}),
)
const Shares = named('DeadLetterShare', {
  outbox: Share,
  topics: Share,
})
export const DeadLetterShares = named(
  'DeadLetterShares',
  {hour: Shares, day: Shares},
  {description: 'put aside, of the rows or records of the last hour and day'},
)
export type DeadLetterShares = Static<typeof DeadLetterShares>

export const OpenDeadLetters = named(
  'OpenDeadLetters',
  {outbox: nullable(Count), topics: nullable(Count), share: DeadLetterShares},
  {description: 'open ones: neither re-driven nor discarded'},
)

const LetterFields = {
  id: Type.String({description: 'outbox:<id> or <topic>:<partition>:<offset>'}),
  origin: oneOf(['outbox', 'topic']),
  topic: Type.String({description: 'of the stream, without prefix'}),
  key: nullable(Type.String()),
  reason: Type.String(),
  message: Type.String(),
  failed_at: Time,
  resolution: nullable(oneOf(['redriven', 'discarded'])),
  resolved_at: nullable(Time),
  attempts: Type.Integer({minimum: 0, description: 'made by itself'}),
  next_try_at: nullable(
    Type.String({format: 'date-time', description: 'null: it is not tried by itself'}),
  ),
}
export const DeadLetter = named('DeadLetter', LetterFields)
export type DeadLetterView = Static<typeof DeadLetter>
export const DeadLetterWithPayload = named('DeadLetterWithPayload', {
  ...LetterFields,
  payload: Type.Unsafe<unknown>({description: 'what could not be handled; null when it is gone'}),
})
export type DeadLetterDetails = Static<typeof DeadLetterWithPayload>

const Group = named('DeadLetterGroup', {
  origin: oneOf(['outbox', 'topic']),
  topic: Type.String(),
  reason: Type.String(),
  open: Count,
  resolved: Count,
})
export type DeadLetterGroup = Static<typeof Group>

export const REASON_PATTERN = '^[A-Z][A-Z_]{0,63}$'
const FilterFields = optional({
  topic: textOf(249, {
    description: 'of the stream, without prefix',
    examples: ['engagement_events'],
  }),
  reason: Type.String({
    pattern: REASON_PATTERN,
    ...expected('a reason in capitals, such as ENCODE_FAILED'),
    description: 'why it was put aside',
    examples: ['ENCODE_FAILED'],
  }),
  from: instantOf({description: 'put aside at this time or later', examples: ['2026-01-01']}),
  to: instantOf({description: 'put aside before', examples: ['2026-02-01T00:00:00Z']}),
})

export const DeadLettersQuery = closed({
  ...FilterFields,
  ...optional({
    state: oneOf(['open', 'resolved', 'all'], {
      default: 'open',
      description: 'open: neither re-driven nor discarded',
    }),
    limit: limitOf(50, 500),
  }),
})
export const DeadLetterList = named('DeadLetterList', {
  items: Type.Array(DeadLetter),
  matching: Type.Integer({minimum: 0, description: 'in all, of which `items` are the newest'}),
  groups: Type.Array(Group, {description: 'all there are, by topic and reason'}),
})

export const DeadLetterParams = closed({
  id: Type.String({
    pattern: '^(outbox:[1-9]\\d{0,14}|[A-Za-z0-9._-]{1,249}:\\d{1,5}:\\d{1,15})$',
    ...expected('outbox:<id> or <topic>:<partition>:<offset>, such as outbox:1'),
    description: 'as the list has it: outbox:<id>, or <topic>:<partition>:<offset>',
    examples: ['outbox:1'],
  }),
})
export const DeadLetterOutcome = named('DeadLetterOutcome', {
  id: Type.String(),
  resolution: oneOf(['redriven', 'discarded']),
  resolved: Type.Integer({minimum: 1, description: 'letters: those of one row go together'}),
})

export const ResolveBody = named(
  'DeadLetterFilter',
  {
    ...FilterFields,
    ...optional({
      all: Type.Boolean({description: 'true when no filter is meant; else left out'}),
      after: Type.String({
        pattern: '^[\\w-]{1,1000}$',
        ...expected('`next` of the answer before, as it was given'),
        description: '`next` of the answer before; left out to begin',
      }),
      limit: limitOf(100, 500),
    }),
  },
  {
    examples: [
      {topic: 'engagement_events', reason: 'ENCODE_FAILED'},
      {all: true, limit: 500},
    ],
  },
)
const FailedLetter = named('FailedDeadLetter', {id: Type.String(), detail: Type.String()})
export const ResolvedLetters = named('ResolvedDeadLetters', {
  resolved: Count,
  failed: Type.Array(FailedLetter, {
    description: 'stay open, with the reason; they keep no other from it',
  }),
  next: nullable(Type.String({description: 'send it as `after` to go on; null: that was all'})),
})
export type ResolvedLetters = Static<typeof ResolvedLetters>

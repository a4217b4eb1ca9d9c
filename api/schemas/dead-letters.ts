/** What could not be published or applied. */
import {Type, type Static} from 'typebox'
import {
  closed,
  Count,
  instantOf,
  limitOf,
  nullable,
  oneOf,
  optional,
  textOf,
  Time,
} from './common.ts'

const Share = nullable(
  Type.Number({minimum: 0, maximum: 1, description: 'null when it is not known'}),
)
const Shares = closed({
  outbox: Share,
  topics: Share,
})
export const DeadLetterShares = closed(
  {hour: Shares, day: Shares},
  {description: 'put aside, of the rows or records of the last hour and day'},
)
export type DeadLetterShares = Static<typeof DeadLetterShares>

export const OpenDeadLetters = closed(
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
export const DeadLetter = closed(LetterFields)
export type DeadLetterView = Static<typeof DeadLetter>
export const DeadLetterWithPayload = closed({
  ...LetterFields,
  payload: Type.Unsafe<unknown>({description: 'what could not be handled; null when it is gone'}),
})
export type DeadLetterDetails = Static<typeof DeadLetterWithPayload>

const Group = closed({
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
  reason: Type.String({pattern: REASON_PATTERN, examples: ['ENCODE_FAILED']}),
  from: instantOf({description: 'put aside at this time or later', examples: ['2026-01-01']}),
  to: instantOf({description: 'put aside before', examples: ['2026-02-01T00:00:00Z']}),
})

export const DeadLettersQuery = closed({
  ...FilterFields,
  ...optional({
    state: oneOf(['open', 'resolved', 'all'], {default: 'open'}),
    limit: limitOf(50, 500),
  }),
})
export const DeadLetterList = closed({
  items: Type.Array(DeadLetter),
  matching: Type.Integer({minimum: 0, description: 'in all, of which `items` are the newest'}),
  groups: Type.Array(Group, {description: 'all there are, by topic and reason'}),
})

export const DeadLetterParams = closed({
  id: Type.String({
    pattern: '^(outbox:[1-9]\\d{0,14}|[A-Za-z0-9._-]{1,249}:\\d{1,5}:\\d{1,15})$',
    examples: ['outbox:1'],
  }),
})
export const DeadLetterOutcome = closed({
  id: Type.String(),
  resolution: oneOf(['redriven', 'discarded']),
  resolved: Type.Integer({minimum: 1, description: 'letters: those of one row go together'}),
})

export const ResolveBody = closed({
  ...FilterFields,
  ...optional({
    all: Type.Boolean({description: 'true when no filter is meant'}),
    after: Type.String({
      pattern: '^[\\w-]{1,1000}$',
      description: '`next` of the answer before; left out to begin',
    }),
    limit: limitOf(100, 500),
  }),
})
export const ResolvedLetters = closed({
  resolved: Count,
  failed: Type.Array(closed({id: Type.String(), detail: Type.String()}), {
    description: 'stay open, with the reason; they keep no other from it',
  }),
  next: nullable(Type.String({description: 'send it as `after` to go on; null: that was all'})),
})
export type ResolvedLetters = Static<typeof ResolvedLetters>

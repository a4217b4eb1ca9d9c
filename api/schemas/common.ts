/** Building blocks of all schemas. What is described here is what `/openapi.json` says. */
import {
  Type,
  type Static,
  type TObject,
  type TObjectOptions,
  type TOptional,
  type TProperties,
  type TSchema,
  type TString,
  type TStringOptions,
} from 'typebox'
import {GRANULARITIES} from '../calendar.ts'
import {CURSOR_PATTERN} from '../cursor.ts'
import {INSTANT_PATTERN, PERIOD_PATTERN} from '../period.ts'
import {PROBLEMS, type ProblemKind} from '../problem.ts'

/** Objects are closed: an unknown field of a request is refused, of an answer never sent. */
export const closed = <T extends TProperties>(
  fields: T,
  options: TObjectOptions = {},
): TObject<T> => Type.Object(fields, {additionalProperties: false, ...options})

/** Fields that may be left out. */
export const optional = <T extends TProperties>(fields: T) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => [name, Type.Optional(schema)]),
  ) as unknown as {[K in keyof T]: TOptional<T[K]>}

/** The schema, or null. One `type` list instead of `anyOf`: it is written out several times faster. */
export function nullable<T extends TSchema>(
  schema: T,
): ReturnType<typeof Type.Unsafe<Static<T> | null>> {
  const {type, enum: values, ...rest} = schema as TSchema & {type?: string; enum?: unknown[]}
  const base = values === undefined ? {type: [type ?? 'string', 'null']} : {enum: [...values, null]}
  return Type.Unsafe<Static<T> | null>({...rest, ...base})
}

export const oneOf = <const T extends readonly string[]>(
  values: T,
  options: Readonly<Record<string, unknown>> = {},
): ReturnType<typeof Type.Unsafe<T[number]>> =>
  Type.Unsafe<T[number]>({type: 'string', enum: [...values], ...options})

export const UUID_PATTERN = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
export const Uuid = Type.String({
  pattern: UUID_PATTERN,
  examples: ['11111111-1111-1111-1111-111111111111'],
})

/** Text that PostgreSQL can hold: it refuses NUL. */
export const textOf = (maxLength: number, options: TStringOptions = {}): TString =>
  Type.String({minLength: 1, maxLength, pattern: '^[^\\u0000]*$', ...options})

export const EventId = Type.Integer({minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [1]})

/** Id of a row of any stream, as text. */
export const RowId = textOf(200, {examples: ['1']})
export const StreamName = Type.String({pattern: '^[a-z][a-z0-9_]{0,62}$', examples: ['engagement']})

export const Time = Type.String({
  format: 'date-time',
  description: 'RFC 3339 with microseconds, UTC',
  examples: ['2026-01-31T12:00:00.000000Z'],
})

/** Date or time of a caller. */
export const instantOf = (options: TStringOptions = {}): TString =>
  Type.String({pattern: INSTANT_PATTERN, ...options})
export const Zone = Type.String({maxLength: 50, pattern: '^[A-Za-z][A-Za-z0-9_+/-]*$'})

export const Count = Type.Integer({minimum: 0, examples: [3]})

export const SOURCES = ['redis', 'cassandra', 'postgresql', 'kafka'] as const
export type Source = (typeof SOURCES)[number]

/** How fresh an answer is, and which store gave it. */
export const Meta = closed({
  source: oneOf(SOURCES, {description: 'the store that answered'}),
  newest_event_at: nullable(Time),
  age_ms: nullable(
    Type.Number({description: 'since everything committed was last known to be in the answer'}),
  ),
  notes: Type.Array(Type.String(), {
    description: 'what is special about this answer, for people; empty as a rule',
  }),
})
export type Meta = Static<typeof Meta>

export const Page = closed({
  limit: Type.Integer({minimum: 1}),
  next_cursor: nullable(Type.String({description: 'null on the last page'})),
})

export const limitOf = (fallback: number, maximum: number): ReturnType<typeof Type.Integer> =>
  Type.Integer({minimum: 1, maximum, default: fallback})

export const PageQuery = optional({
  limit: limitOf(50, 500),
  cursor: Type.String({
    pattern: CURSOR_PATTERN,
    description: '`page.next_cursor` of the page before; it belongs to one query',
  }),
})

export const PeriodQuery = optional({
  period: Type.String({
    pattern: PERIOD_PATTERN,
    description: '`all`, `day`, `week`, `month`, `year`, or a number with m, h, d, w or mo',
    examples: ['7d'],
  }),
  from: instantOf({description: 'date or time, included', examples: ['2026-01-01']}),
  to: instantOf({
    description: 'date or time, not included; now when left out, only with from',
    examples: ['2026-02-01T00:00:00Z'],
  }),
  timezone: Type.Unsafe<string>({
    ...Zone,
    description: 'IANA name; UTC when left out',
    examples: ['Europe/Berlin'],
  }),
})

export const DecimalsQuery = optional({
  decimals: Type.Integer({
    minimum: 0,
    maximum: 10,
    description: 'round numbers; unrounded when left out',
  }),
})

/** Read-your-writes. */
export const AfterQuery = optional({
  after_event: Type.String({
    pattern: '^([a-z][a-z0-9_]{0,62}:)?[\\w.~-]{1,200}$',
    description:
      'answer only with this event included: `activity:9`, any `stream:id`, or `7` of engagement',
    examples: ['engagement:1'],
  }),
  wait_ms: Type.Integer({
    minimum: 0,
    maximum: 60_000,
    default: 2000,
    description: 'how long to wait for it',
  }),
})
export const AfterOnlyQuery = closed(AfterQuery)

/** What figures are asked for by. */
export const FiguresFields = {...PeriodQuery, ...DecimalsQuery, ...AfterQuery}
export const SeriesFields = {
  ...optional({granularity: oneOf(GRANULARITIES, {default: 'day'})}),
  ...FiguresFields,
}

/** What every series has; `description` tells what its buckets hold. */
export const seriesOf = <M extends TSchema>(metrics: M, description: string) => ({
  granularity: oneOf(GRANULARITIES),
  timezone: Type.String(),
  buckets: Type.Array(closed({start: Time, end: Time, metrics}), {description}),
  meta: Meta,
})

export const ProblemSchema = closed(
  {
    type: Type.String({
      examples: Object.keys(PROBLEMS).map(kind => `urn:problem-type:${kind}`),
    }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String(),
    request_id: Type.String(),
    errors: Type.Array(
      closed({
        in: Type.String(),
        field: Type.String(),
        detail: Type.String(),
        value: Type.Optional(Type.Unknown()),
      }),
    ),
  },
  {$id: 'Problem', description: 'RFC 9457'},
)

/** What a 202 says when the event asked for is not in the numbers yet. */
export const Pending = closed({
  status: oneOf(['pending']),
  after_event: Type.String(),
  reason: Type.String(),
  waited_ms: Type.Integer(),
  lag: closed({
    event_committed: Type.Boolean({description: 'whether PostgreSQL has the event'}),
    outbox_unpublished: nullable(Type.Integer()),
    records: nullable(Type.Integer({description: 'records between the event and the store'})),
  }),
})

const problemAnswer = (kinds: readonly ProblemKind[]): TSchema =>
  Type.Unsafe<Static<typeof ProblemSchema>>({
    description: kinds.map(kind => PROBLEMS[kind].title).join('; '),
    content: {'application/problem+json': {schema: Type.Ref('Problem')}},
  })

const COMMON = [
  'invalid-request',
  'unauthorized',
  'forbidden',
  'not-answerable',
  'too-many-requests',
  'internal-error',
  'unavailable',
] as const

/** The responses of a route: its own, and the problems that every route may answer with. */
export function answers(
  own: Readonly<Record<number, TSchema>>,
  more: readonly ProblemKind[],
): Record<number, TSchema> {
  const byStatus = new Map<number, ProblemKind[]>()
  for (const kind of [...COMMON, ...more]) {
    const {status} = PROBLEMS[kind]
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind])
  }
  const problems = [...byStatus].map(([status, kinds]) => [status, problemAnswer(kinds)] as const)
  return {...Object.fromEntries(problems), ...own}
}

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
import {KINDS, PROBLEMS, typeOfProblem, type ProblemKind} from '../problem-types.ts'

/** Objects are closed: an unknown field of a request is refused, of an answer never sent. */
export const closed = <T extends TProperties>(
  fields: T,
  options: TObjectOptions = {},
): TObject<T> => Type.Object(fields, {additionalProperties: false, ...options})

/** An object that has a name in the document, so that clients have a type of that name. */
export const named = <T extends TProperties>(
  title: string,
  fields: T,
  options: TObjectOptions = {},
): TObject<T> => closed(fields, {title, ...options})

/** Fields that may be left out. */
export const optional = <T extends TProperties>(fields: T) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => [name, Type.Optional(schema)]),
  ) as unknown as {[K in keyof T]: TOptional<T[K]>}

interface Annotated {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly title?: string
}

/** The schema, or null, and then not what its name says. One `type` list instead of `anyOf`: it is written out several times faster. */
export function nullable<T extends TSchema>(
  schema: T,
): ReturnType<typeof Type.Unsafe<Static<T> | null>> {
  const {type, enum: values, title: _, ...rest} = schema as TSchema & Annotated
  const base = values === undefined ? {type: [type ?? 'string', 'null']} : {enum: [...values, null]}
  return Type.Unsafe<Static<T> | null>({...rest, ...base})
}

export const oneOf = <const T extends readonly string[]>(
  values: T,
  options: Readonly<Record<string, unknown>> = {},
): ReturnType<typeof Type.Unsafe<T[number]>> =>
  Type.Unsafe<T[number]>({type: 'string', enum: [...values], ...options})

/** A field of a declaration, which says what a value can be: `<stream>.<field>`. */
export type DeclaredField = `${'content' | 'engagement'}.${string}`

/** As it is written here for our own declarations; for others it follows their field (plugins/declared-values.ts). */
export const declaredAs = <T extends TSchema>(
  field: DeclaredField,
  schema: T,
): ReturnType<typeof Type.Unsafe<Static<T>>> =>
  Type.Unsafe<Static<T>>({...schema, 'x-declared': field})

/** Words for what a value must be: refusals say them instead of a pattern. */
export const expected = (words: string) => ({'x-expected': words})

export const UUID_PATTERN = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
export const Uuid = Type.String({
  pattern: UUID_PATTERN,
  ...expected('a UUID such as 5a3b1e00-0000-4000-8000-000000000001'),
  examples: ['5a3b1e00-0000-4000-8000-000000000001'],
})

/** What PostgreSQL can hold: it refuses NUL. */
export const NO_NUL = {
  pattern: '^[^\\u0000]*$',
  ...expected('text without the character NUL'),
} as const
export const textOf = (maxLength: number, options: TStringOptions = {}): TString =>
  Type.String({minLength: 1, maxLength, ...NO_NUL, ...options})

/** Of a content. */
export const ContentId = declaredAs('content.id', Uuid)

export const EventId = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'of a row in engagement_events or activity_events',
  examples: [1],
})

/** Id of a row of any stream, as text. */
export const RowId = textOf(200, {
  description: 'of a row, as its table has it: a number, a UUID or a text',
  examples: ['1'],
})
export const StreamName = Type.String({
  pattern: '^[a-z][a-z0-9_]{0,62}$',
  ...expected('the name of a stream in small letters, such as engagement'),
  description: 'one of those that /v1/streams lists',
  examples: ['engagement'],
})

export const Time = Type.String({
  format: 'date-time',
  description: 'RFC 3339 with microseconds, UTC',
  examples: ['2026-01-31T12:00:00.000000Z'],
})

/** Date or time of a caller. */
export const instantOf = (options: TStringOptions = {}): TString =>
  Type.String({
    pattern: INSTANT_PATTERN,
    ...expected('a date, or a time with its offset: 2026-01-31, or 2026-01-31T12:00:00Z'),
    ...options,
  })
export const Zone = Type.String({
  maxLength: 50,
  pattern: '^[A-Za-z][A-Za-z0-9_+/-]*$',
  ...expected('the name of a time zone of the IANA database, such as Europe/Berlin'),
})

export const Count = Type.Integer({minimum: 0, examples: [3]})

/** Whole milliseconds: what is measured is not known more exactly. */
export const Milliseconds = Type.Integer({examples: [40]})

export const SOURCES = ['redis', 'cassandra', 'postgresql', 'kafka'] as const
export type Source = (typeof SOURCES)[number]

/** How fresh an answer is, and which store gave it. */
export const Meta = named('Meta', {
  source: oneOf(SOURCES, {description: 'the store that answered'}),
  newest_event_at: nullable(Time),
  age_ms: nullable(
    Type.Integer({
      minimum: 0,
      description: 'since everything committed was last known to be in the answer',
    }),
  ),
  notes: Type.Array(Type.String(), {
    description: 'what is special about this answer, for people; empty as a rule',
  }),
})
export type Meta = Static<typeof Meta>

export const Page = named('Page', {
  limit: Type.Integer({minimum: 1}),
  next_cursor: nullable(Type.String({description: 'null on the last page'})),
})

export const limitOf = (
  fallback: number,
  maximum: number,
  description = 'how many at most',
): ReturnType<typeof Type.Integer> =>
  Type.Integer({minimum: 1, maximum, default: fallback, description})

export const PageQuery = optional({
  limit: limitOf(50, 500),
  cursor: Type.String({
    pattern: CURSOR_PATTERN,
    ...expected('`page.next_cursor` of the page before, as it was given'),
    description: '`page.next_cursor` of the page before; it belongs to one query',
  }),
})

export const PERIOD_WORDS =
  'all, day, yesterday, week, month, last_month, year, or a number with m, h, d, w or mo, such as 7d'

export const PeriodQuery = optional({
  period: Type.String({
    pattern: PERIOD_PATTERN,
    ...expected(PERIOD_WORDS),
    description: `${PERIOD_WORDS}. Not together with \`from\` and \`to\``,
    examples: ['7d'],
  }),
  // Without examples: beside the one of `period` they would be refused.
  from: instantOf({
    description: 'date or time, included, such as 2026-01-31. Not together with `period`',
  }),
  to: instantOf({
    description: 'date or time, not included; now when left out. Only with `from`',
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
    // Ids of other streams are texts of any kind.
    pattern: '^([a-z][a-z0-9_]{0,62}:[^\\x00-\\x1f]{1,512}|[\\w.~-]{1,200})$',
    ...expected('stream:id, such as engagement:7'),
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

/** Which figures are wanted. */
export const ChosenQuery = optional({
  metrics: Type.Array(
    Type.String({
      minLength: 1,
      maxLength: 4096,
      pattern: '^[\\w.,-]+$',
      ...expected('names of figures, separated by commas'),
    }),
    {
      minItems: 1,
      maxItems: 100,
      description:
        'names of the figures that are wanted, separated by commas or each as a parameter of its own: only they are read and answered. All when left out',
      examples: [['events']],
    },
  ),
})

/** What figures are asked for by. */
export const FiguresFields = {...PeriodQuery, ...DecimalsQuery, ...AfterQuery}
export const SeriesFields = {
  ...optional({
    granularity: oneOf(GRANULARITIES, {default: 'day', description: 'how long each bucket is'}),
  }),
  ...FiguresFields,
}

/** What every series has; `description` tells what its buckets hold. */
export const seriesOf = <M extends TSchema>(title: string, metrics: M, description: string) => ({
  granularity: oneOf(GRANULARITIES, {title: 'Granularity'}),
  timezone: Type.String(),
  buckets: Type.Array(named(title, {start: Time, end: Time, metrics}), {description}),
  meta: Meta,
})

export const ProblemSchema = closed(
  {
    type: Type.String({
      description: 'names the kind of problem, and leads to a page about it',
      examples: KINDS.map(typeOfProblem),
    }),
    title: Type.String({description: 'the same for all problems of the type'}),
    status: Type.Integer({description: 'of HTTP'}),
    detail: Type.String({description: 'what is wrong here'}),
    instance: Type.String({description: 'the path that was asked'}),
    request_id: Type.String({description: 'names the request in the log'}),
    errors: Type.Array(
      named('ProblemDetail', {
        in: Type.String({description: 'body, query, path, header, argument or store'}),
        field: Type.String({description: 'its name; in a body a JSON pointer'}),
        detail: Type.String({description: 'what is wrong with it, or what it must be'}),
        value: Type.Optional(Type.Unknown({description: 'what was refused, cut when it is long'})),
      }),
    ),
  },
  {$id: 'Problem', description: 'RFC 9457'},
)

/** What a 202 says when the event asked for is not in the numbers yet. */
export const Pending = named(
  'Pending',
  {
    status: oneOf(['pending']),
    after_event: Type.String(),
    reason: Type.String(),
    waited_ms: Milliseconds,
    lag: closed({
      event_committed: Type.Boolean({description: 'whether PostgreSQL has the event'}),
      outbox_unpublished: nullable(Type.Integer()),
      records: nullable(Type.Integer({description: 'records between the event and the store'})),
    }),
  },
  {description: 'the event that was waited for is not in the answer yet'},
)

const problemAnswer = (kinds: readonly ProblemKind[]): TSchema =>
  Type.Unsafe<Static<typeof ProblemSchema>>({
    description: kinds.map(kind => PROBLEMS[kind].title).join('; '),
    content: {'application/problem+json': {schema: Type.Ref('Problem')}},
  })

/** What any operation may be refused or fail with. */
const ANY = ['invalid-request', 'headers-too-large', 'internal-error', 'unavailable'] as const
/** What is besides told to who asks with a key. */
const KEYED = [
  'unauthorized',
  'forbidden',
  'not-acceptable',
  'not-answerable',
  'too-many-requests',
] as const

/** The responses of a route: its own, and the problems that every route may answer with. */
export function answers(
  own: Readonly<Record<number, TSchema>>,
  more: readonly ProblemKind[],
  isOpen: boolean,
): Record<number, TSchema> {
  const byStatus = new Map<number, ProblemKind[]>()
  for (const kind of [...ANY, ...(isOpen ? [] : KEYED), ...more]) {
    const {status} = PROBLEMS[kind]
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind])
  }
  const problems = [...byStatus].map(([status, kinds]) => [status, problemAnswer(kinds)] as const)
  return {...Object.fromEntries(problems), ...own}
}

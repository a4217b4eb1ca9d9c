/** The question and answer of `POST /v1/query`, in the words of Plausible's Stats API v2. */
import {Type} from 'typebox'
import {METRIC_NAMES} from '../measures.ts'
import {INSTANT_PATTERN, PERIOD_PATTERN} from '../period.ts'
import {closed, Meta, oneOf} from './common.ts'

export const QUERY_DIMENSIONS = [
  'time:minute',
  'time:hour',
  'time:day',
  'time:week',
  'time:month',
  'content',
  'content_type',
  'event_type',
  'device',
] as const

export type FilterTest = [
  'is' | 'is_not' | 'contains' | 'contains_not',
  'content' | 'content_type' | 'event_type' | 'device',
  (string | null)[],
]
export type Filter = FilterTest | ['and' | 'or', Filter[]] | ['not', Filter]

const Value = {type: ['string', 'null'], maxLength: 200, pattern: '^[^\\u0000]*$'}
const Test = {
  type: 'array',
  prefixItems: [
    {enum: ['is', 'is_not', 'contains', 'contains_not']},
    {enum: ['content', 'content_type', 'event_type', 'device']},
    {type: 'array', items: Value, minItems: 1, maxItems: 1000},
  ],
  items: false,
  minItems: 3,
  maxItems: 3,
}
const list = (first: readonly string[], second: object): object => ({
  type: 'array',
  prefixItems: [{enum: [...first]}, second],
  items: false,
  minItems: 2,
  maxItems: 2,
})

/** Filters nest; the schema shows two levels, which OpenAPI tools can draw, and the plan allows eight. */
const inner = {
  anyOf: [
    Test,
    list(['and', 'or'], {type: 'array', items: Test, minItems: 1, maxItems: 50}),
    list(['not'], Test),
  ],
}
const FilterSchema = Type.Unsafe<Filter>({
  anyOf: [
    Test,
    list(['and', 'or'], {type: 'array', items: inner, minItems: 1, maxItems: 50}),
    list(['not'], inner),
  ],
})

const Instant = Type.String({pattern: INSTANT_PATTERN})

export const QueryBody = closed(
  {
    metrics: Type.Array(oneOf(METRIC_NAMES), {
      minItems: 1,
      maxItems: METRIC_NAMES.length,
      uniqueItems: true,
    }),
    date_range: Type.Unsafe<string | [string, string]>({
      anyOf: [
        Type.String({pattern: PERIOD_PATTERN}),
        {type: 'array', items: Instant, minItems: 2, maxItems: 2},
      ],
      description: '`all`, `10m`, `7d`, `month` …, or start (included) and end (not included)',
    }),
    dimensions: Type.Optional(
      Type.Array(oneOf(QUERY_DIMENSIONS), {maxItems: 5, uniqueItems: true}),
    ),
    filters: Type.Optional(Type.Array(FilterSchema, {maxItems: 20})),
    order_by: Type.Optional(
      Type.Array(
        Type.Unsafe<[string, 'asc' | 'desc']>({
          type: 'array',
          prefixItems: [{enum: [...METRIC_NAMES, ...QUERY_DIMENSIONS]}, {enum: ['asc', 'desc']}],
          items: false,
          minItems: 2,
          maxItems: 2,
        }),
        {maxItems: 10},
      ),
    ),
    include: Type.Optional(
      closed({
        time_labels: Type.Optional(
          Type.Boolean({description: 'every bucket of the period, and rows for empty ones'}),
        ),
        total_rows: Type.Optional(Type.Boolean()),
      }),
    ),
    pagination: Type.Optional(
      closed({
        limit: Type.Optional(Type.Integer({minimum: 1, maximum: 10_000})),
        offset: Type.Optional(Type.Integer({minimum: 0, maximum: 1_000_000})),
      }),
    ),
    timezone: Type.Optional(Type.String({maxLength: 50, pattern: '^[A-Za-z][A-Za-z0-9_+/-]*$'})),
  },
  {
    examples: [
      {
        metrics: ['plays', 'engagement_seconds'],
        date_range: '7d',
        dimensions: ['time:day', 'device'],
        filters: [['is', 'content_type', ['podcast']]],
        order_by: [['plays', 'desc']],
        include: {time_labels: true},
      },
    ],
  },
)
export type QueryBody = {
  metrics: string[]
  date_range: string | [string, string]
  dimensions?: string[]
  filters?: Filter[]
  order_by?: [string, 'asc' | 'desc'][]
  include?: {time_labels?: boolean; total_rows?: boolean}
  pagination?: {limit?: number; offset?: number}
  timezone?: string
}

export const QueryRow = closed({
  dimensions: Type.Array(Type.Unsafe<string | null>({type: ['string', 'null']})),
  metrics: Type.Array(Type.Unsafe<number | string | null>({type: ['number', 'string', 'null']})),
})

export const QueryAnswer = closed({
  results: Type.Array(QueryRow),
  meta: closed({
    ...Meta.properties,
    time_labels: Type.Optional(Type.Array(Type.String())),
    total_rows: Type.Optional(Type.Integer()),
  }),
  query: Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    additionalProperties: true,
    description: 'the question as it was understood',
  }),
})

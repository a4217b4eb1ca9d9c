/** The question and answer of `POST /v1/query`, in the words of Plausible's Stats API v2. */
import {Type, type Static} from 'typebox'
import {GRANULARITIES} from '../calendar.ts'
import {METRIC_NAMES} from '../measures.ts'
import {PERIOD_PATTERN} from '../period.ts'
import {
  closed,
  expected,
  instantOf,
  Meta,
  named,
  NO_NUL,
  nullable,
  oneOf,
  optional,
  PERIOD_WORDS,
  Zone,
} from './common.ts'
import {MetricValue} from './metrics.ts'

export const DIMENSIONS = ['content', 'content_type', 'event_type', 'device'] as const
export type Dimension = (typeof DIMENSIONS)[number]
const QUERY_DIMENSIONS = [...GRANULARITIES.map(name => `time:${name}` as const), ...DIMENSIONS]

const TESTS = ['is', 'is_not', 'contains', 'contains_not'] as const
export type FilterTest = [(typeof TESTS)[number], Dimension, (string | null)[]]
export type Filter = FilterTest | ['and' | 'or', Filter[]] | ['not', Filter]

/** A list of exactly these, which `words` show. */
const tuple = (words: string, ...items: readonly object[]): object => ({
  type: 'array',
  ...expected(words),
  prefixItems: items,
  items: false,
  minItems: items.length,
  maxItems: items.length,
})
const Value = {type: ['string', 'null'], maxLength: 200, ...NO_NUL}
const Test = {
  title: 'FilterTest',
  ...tuple(
    '[operator, dimension, [values]], such as ["is", "device", ["ios"]]',
    {enum: [...TESTS]},
    {enum: [...DIMENSIONS]},
    {
      type: 'array',
      items: Value,
      minItems: 1,
      maxItems: 1000,
      ...expected('a list of 1 to 1000 values, such as ["ios"]'),
    },
  ),
}
const filterOf = (part: object): object => ({
  ...expected('a filter, such as ["is", "device", ["ios"]]'),
  anyOf: [
    Test,
    tuple(
      '["and" or "or", [filters]]',
      {enum: ['and', 'or']},
      {
        type: 'array',
        items: part,
        minItems: 1,
        maxItems: 50,
        ...expected('a list of 1 to 50 filters'),
      },
    ),
    tuple('["not", filter]', {enum: ['not']}, part),
  ],
})

/** Filters nest; the schema shows two levels, which OpenAPI tools can draw, and the plan allows eight. */
const FilterSchema = Type.Unsafe<Filter>({title: 'Filter', ...filterOf(filterOf(Test))})

export const QueryBody = named(
  'Query',
  {
    metrics: Type.Array(oneOf(METRIC_NAMES, {title: 'Metric'}), {
      minItems: 1,
      maxItems: METRIC_NAMES.length,
      uniqueItems: true,
    }),
    date_range: Type.Unsafe<string | [string, string]>({
      anyOf: [
        Type.String({pattern: PERIOD_PATTERN, ...expected(PERIOD_WORDS)}),
        {
          type: 'array',
          items: instantOf(),
          minItems: 2,
          maxItems: 2,
          ...expected('[start, end], such as ["2026-01-01", "2026-02-01"]'),
        },
      ],
      ...expected('a period such as 7d, or [start, end]'),
      description: '`all`, `10m`, `7d`, `month` …, or start (included) and end (not included)',
    }),
    ...optional({
      dimensions: Type.Array(oneOf(QUERY_DIMENSIONS, {title: 'Dimension'}), {
        maxItems: 5,
        uniqueItems: true,
      }),
      filters: Type.Array(FilterSchema, {maxItems: 20}),
      order_by: Type.Array(
        Type.Unsafe<[string, 'asc' | 'desc']>(
          tuple(
            '[metric or dimension, "asc" or "desc"], such as ["plays", "desc"]',
            {enum: [...METRIC_NAMES, ...QUERY_DIMENSIONS]},
            {enum: ['asc', 'desc']},
          ),
        ),
        {maxItems: 10},
      ),
      include: closed(
        optional({
          time_labels: Type.Boolean({
            description: 'every bucket of the period, and rows for empty ones',
          }),
          total_rows: Type.Boolean(),
        }),
      ),
      pagination: closed(
        optional({
          limit: Type.Integer({minimum: 1, maximum: 10_000}),
          offset: Type.Integer({minimum: 0, maximum: 1_000_000}),
        }),
      ),
      timezone: Zone,
    }),
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
export type QueryBody = Static<typeof QueryBody>

const QueryRow = named('QueryRow', {
  dimensions: Type.Array(nullable(Type.String())),
  metrics: Type.Array(MetricValue),
})

export const QueryAnswer = named('QueryAnswer', {
  results: Type.Array(QueryRow),
  meta: named('QueryMeta', {
    ...Meta.properties,
    ...optional({time_labels: Type.Array(Type.String()), total_rows: Type.Integer()}),
  }),
  query: Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    additionalProperties: true,
    description: 'the question as it was understood',
  }),
})

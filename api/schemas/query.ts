/** The question and answer of `POST /v1/query`, in the words of Plausible's Stats API v2. */
import {Type, type Static} from 'typebox'
import {GRANULARITIES} from '../calendar.ts'
import {PERIOD_PATTERN} from '../period.ts'
import {TIMES} from '../query/time.ts'
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
  StreamName,
  textOf,
  Time,
  Zone,
} from './common.ts'

export const TESTS = [
  'is',
  'is_not',
  'contains',
  'contains_not',
  'matches',
  'matches_not',
  'matches_wildcard',
  'matches_wildcard_not',
] as const
export const COMPARISONS = [
  'equal',
  'not_equal',
  'greater',
  'greater_or_equal',
  'less',
  'less_or_equal',
] as const
const BEHAVIORS = ['has_done', 'has_not_done'] as const

export type FilterValue = string | number | boolean | null
export type Test = readonly [
  (typeof TESTS)[number],
  string,
  readonly FilterValue[],
  {readonly case_sensitive?: boolean}?,
]
export type Comparison = readonly [(typeof COMPARISONS)[number], string, number]
export type Logic =
  | readonly ['and' | 'or', readonly Filter[]]
  | readonly ['not' | 'has_done' | 'has_not_done', Filter]
export type Filter = Test | Comparison | Logic

/** A list of exactly these, which `words` show. */
const tuple = (words: string, ...items: readonly object[]): object => ({
  type: 'array',
  ...expected(words),
  prefixItems: items,
  items: false,
  minItems: items.length,
  maxItems: items.length,
})
const Name = textOf(200)
const TEST_WORDS = '[operator, dimension, [values]], such as ["is", "device", ["ios"]]'
const TestItems = [
  {enum: [...TESTS]},
  Name,
  {
    type: 'array',
    items: {type: ['string', 'number', 'boolean', 'null'], maxLength: 512, ...NO_NUL},
    minItems: 1,
    maxItems: 1000,
    ...expected('a list of 1 to 1000 values, such as ["ios"]'),
  },
]
const TestSchema = {title: 'FilterTest', ...tuple(TEST_WORDS, ...TestItems)}
const CaseTestSchema = {
  title: 'FilterCaseTest',
  ...tuple(
    TEST_WORDS,
    ...TestItems,
    closed(optional({case_sensitive: Type.Boolean()}), expected('{"case_sensitive": false}')),
  ),
}
const ComparisonSchema = {
  title: 'FilterComparison',
  ...tuple(
    '[comparison, metric, number], such as ["greater", "plays", 10]',
    {enum: [...COMPARISONS]},
    Name,
    {type: 'number'},
  ),
}
const Simple = [TestSchema, CaseTestSchema, ComparisonSchema]
const FILTER_WORDS = expected('a filter, such as ["is", "device", ["ios"]]')
const filterOf = (part: object): object => ({
  ...FILTER_WORDS,
  anyOf: [
    ...Simple,
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
    tuple('["has_done" or "has_not_done", filter]', {enum: [...BEHAVIORS]}, part),
  ],
})

/** Filters nest, two deep, as OpenAPI tools can draw them. */
const FilterSchema = Type.Unsafe<Filter>({
  title: 'Filter',
  ...filterOf(filterOf({...FILTER_WORDS, anyOf: Simple})),
})
export const Filters = Type.Array(FilterSchema, {maxItems: 20})

const DateRange = Type.Unsafe<string | readonly [string, string]>({
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
})
export type DateRange = Static<typeof DateRange>

export const COMPARISON_MODES = ['previous_period', 'year_over_year', 'custom'] as const
const Comparisons = named('QueryComparisons', {
  mode: oneOf(COMPARISON_MODES),
  ...optional({
    date_range: Type.Unsafe<DateRange>({...DateRange, description: 'of `custom` alone'}),
  }),
})
export type Comparisons = Static<typeof Comparisons>

export const StreamField = Type.Unsafe<string>({
  ...StreamName,
  description: 'one of those that /v1/streams lists; `engagement` when left out',
})

export const QueryBody = named(
  'Query',
  {
    metrics: Type.Array(Name, {
      minItems: 1,
      maxItems: 50,
      uniqueItems: true,
      description: 'measures of the stream, as /v1/streams names them',
    }),
    date_range: DateRange,
    ...optional({
      stream: StreamField,
      dimensions: Type.Array(Name, {
        maxItems: 5,
        uniqueItems: true,
        description: `what the stream is counted by, \`time\`, or ${TIMES.map(name => `\`${name}\``).join(', ')}`,
      }),
      filters: Filters,
      order_by: Type.Array(
        Type.Unsafe<readonly [string, 'asc' | 'desc']>(
          tuple('[metric or dimension, "asc" or "desc"], such as ["plays", "desc"]', Name, {
            enum: ['asc', 'desc'],
          }),
        ),
        {maxItems: 10},
      ),
      include: closed(
        optional({
          comparisons: Comparisons,
          percentages: Type.Boolean({description: 'of each row, of what is added up over all'}),
          time_labels: Type.Boolean({
            description: 'every bucket of the period, and rows for empty ones',
          }),
          total_rows: Type.Boolean(),
          totals: Type.Boolean({description: 'figures over all rows, of every page'}),
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
      {
        stream: 'activity',
        metrics: ['activities'],
        date_range: 'all',
        dimensions: ['activity_type'],
        filters: [
          ['matches', 'user_id', ['^u[0-9]+$']],
          ['greater', 'activities', 1],
        ],
        include: {totals: true, percentages: true},
      },
    ],
  },
)
export type QueryBody = Static<typeof QueryBody>

const ANY = ['number', 'string', 'boolean', 'null']
const Values = Type.Array(Type.Unsafe<string | number | boolean | null>({type: ANY}))
const Compared = {
  comparison: named(
    'QueryChange',
    {
      dimensions: Values,
      metrics: Values,
      change: Type.Array(nullable(Type.Number()), {
        description: 'of each metric, percent; null from 0, and of what is no number',
      }),
    },
    {description: 'the same in the period that is compared with'},
  ),
}
const QueryRow = named('QueryRow', {
  dimensions: Values,
  metrics: Values,
  ...optional({
    ...Compared,
    percentages: Type.Array(nullable(Type.Number()), {
      description: 'of each metric, of the totals; null of what is not added up',
    }),
  }),
})
export type QueryRow = Static<typeof QueryRow>

export const QueryAnswer = named('QueryAnswer', {
  results: Type.Array(QueryRow),
  ...optional({
    totals: named('QueryTotals', {metrics: Values, ...optional(Compared)}),
  }),
  meta: named('QueryMeta', {
    ...Meta.properties,
    ...optional({
      comparison: named('QueryComparedPeriod', {from: Time, to: Time}),
      time: oneOf(GRANULARITIES, {title: 'Granularity', description: 'what `time` was taken for'}),
      time_labels: Type.Array(Type.Unsafe<string | number>({type: ['string', 'number']})),
      total_rows: Type.Integer(),
    }),
  }),
  query: Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    additionalProperties: true,
    description: 'the question as it was understood',
  }),
})
export type QueryAnswer = Static<typeof QueryAnswer>

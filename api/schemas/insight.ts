/** What stands out, as it is served. */
import {Type, type Static} from 'typebox'
import {CHANGE_SPANS} from '../insight/read-changes.ts'
import {
  closed,
  ContentId,
  Count,
  DecimalsQuery,
  limitOf,
  Meta,
  named,
  nullable,
  oneOf,
  optional,
  textOf,
  Time,
} from './common.ts'
import {StreamField} from './query.ts'

const MetricName = textOf(200, {description: 'of the stream', examples: ['plays']})

/** How far a count is from what was to be expected. */
const Scored = {
  present: Count,
  usual: Type.Number({minimum: 0, description: 'the mean of the spans before'}),
  expected: Type.Number({minimum: 0, description: 'what is usual, as its kind as a whole grew'}),
  kind_growth: Type.Number({minimum: 0, description: '1: its kind did not grow'}),
  deviations: Type.Number({
    description:
      'how unlikely it is by chance, in standard deviations; below 0: less than expected',
  }),
}
const Stretch = {from: Time, to: Time}

export const RisingQuery = closed({
  ...optional({
    stream: StreamField,
    metric: Type.Unsafe<string>({...MetricName, description: 'a count; the first when left out'}),
    by: textOf(200, {
      description: 'what rises: a dimension of the stream; its key when left out',
      examples: ['content_id'],
    }),
    hours: Type.Integer({minimum: 1, maximum: 168, default: 24, description: 'whole ones'}),
    limit: limitOf(10, 100),
  }),
  ...DecimalsQuery,
})
export const RisingItem = named('RisingItem', {
  key: Type.String(),
  title: nullable(Type.String({description: 'of a content'})),
  kind: nullable(Type.String({description: 'what it is compared with, as its type'})),
  ...Scored,
})
export const Rising = named('Rising', {
  stream: Type.String(),
  metric: Type.String(),
  by: Type.String(),
  ...Stretch,
  compared: Type.Integer({minimum: 0, description: 'how many were looked at'}),
  items: Type.Array(RisingItem, {description: 'the most unlikely first'}),
  meta: Meta,
})

export const CHANGES_MAX = 50
export const ChangesQuery = closed({
  ...optional({
    span: oneOf(CHANGE_SPANS, {
      default: 'day',
      description: 'the last 24 whole hours, or the last seven whole days (UTC)',
    }),
    limit: limitOf(5, CHANGES_MAX),
  }),
  ...DecimalsQuery,
})
export const ChangeItem = named('ChangeItem', {
  stream: Type.String(),
  metric: Type.String(),
  dimension: nullable(Type.String({description: 'null: the stream as a whole'})),
  value: nullable(
    Type.String({description: 'of the dimension; null of the whole, and of no value'}),
  ),
  ...Scored,
  impact: Type.Number({
    description: 'how much more or less than expected, by what the whole metric usually has',
  }),
  text: Type.String({description: 'the same in words'}),
})
export type ChangeItem = Static<typeof ChangeItem>
export const Changes = named('Changes', {
  span: oneOf(CHANGE_SPANS),
  ...Stretch,
  items: Type.Array(ChangeItem, {description: 'what moves most of its metric first'}),
})

export const ActiveUsersQuery = closed({
  ...optional({
    stream: StreamField,
    metric: Type.Unsafe<string>({
      ...MetricName,
      description: 'of distinct values; the first when left out',
      examples: ['unique_viewers'],
    }),
    days: Type.Integer({minimum: 1, maximum: 90, default: 28, description: 'with the running one'}),
  }),
  ...DecimalsQuery,
})
export const ActiveUsersDay = named('ActiveUsersDay', {
  day: Type.String({format: 'date', description: 'UTC'}),
  daily: Count,
  weekly: Type.Integer({minimum: 0, description: 'of the seven days that end with it'}),
  monthly: Type.Integer({minimum: 0, description: 'of the thirty days that end with it'}),
  stickiness: nullable(
    Type.Number({minimum: 0, description: 'daily / monthly; null when there is nobody'}),
  ),
})
export const ActiveUsers = named('ActiveUsersByDay', {
  stream: Type.String(),
  metric: Type.String(),
  items: Type.Array(ActiveUsersDay, {description: 'the last one is still running'}),
  meta: Meta,
})

export const TypicalPoint = named('TypicalRetentionPoint', {
  seconds: Type.Integer({minimum: 0}),
  elapsed_ratio: Type.Number({minimum: 0, maximum: 1}),
  audience_watch_ratio: nullable(Type.Number({minimum: 0})),
  typical_watch_ratio: nullable(
    Type.Number({minimum: 0, description: 'the median of the others; null of fewer than three'}),
  ),
})
export const TypicalRetention = named('TypicalRetention', {
  content_id: ContentId,
  contents: Type.Integer({minimum: 0, description: 'how many it is compared with'}),
  relative: nullable(
    Type.Number({
      minimum: 0,
      description:
        'how much of the typical curve it holds, in the median of its points; 1: as usual',
    }),
  ),
  points: Type.Array(TypicalPoint),
})

export const CohortsQuery = closed({
  ...optional({
    stream: Type.Unsafe<string>({
      ...StreamField,
      description: '`activity` when left out',
      examples: ['activity'],
    }),
    by: textOf(200, {
      description: 'who: a dimension of the stream; its key when left out',
      examples: ['user_id'],
    }),
    metric: Type.Unsafe<string>({
      ...MetricName,
      description: 'a count: who has some of it was here',
      examples: ['activities'],
    }),
    weeks: Type.Integer({minimum: 1, maximum: 104, default: 12, description: 'the latest cohorts'}),
    limit: Type.Integer({
      minimum: 0,
      maximum: 1000,
      default: 20,
      description: 'of those who leave',
    }),
  }),
})
const Week = Type.String({format: 'date', description: 'its Monday, UTC'})
export const CohortItem = named('Cohort', {
  week: Week,
  users: Count,
  active: Type.Array(Count, {
    description:
      'how many of them were here in that week and in each after it; the last one still runs',
  }),
})
export const LeavingUser = named('LeavingUser', {
  user: Type.String(),
  last_week: Week,
  weeks: Type.Integer({minimum: 1, description: 'in which they were here'}),
  count: Type.Integer({minimum: 1, description: 'of the metric, in all'}),
})
export const Cohorts = named('Cohorts', {
  stream: Type.String(),
  metric: Type.String(),
  by: Type.String(),
  cohorts: Type.Array(CohortItem),
  standing: named('Standing', {
    new: Count,
    active: Count,
    reactivated: Count,
    at_risk: Count,
    churned: Count,
  }),
  leaving: Type.Array(LeavingUser, {description: 'who is at risk, the one who did most first'}),
  meta: Meta,
})

/** Any declared stream: what it counts, its figures, its events. */
import {Type} from 'typebox'
import {
  AfterQuery,
  ChosenQuery,
  closed,
  expected,
  FiguresFields,
  instantOf,
  limitOf,
  Meta,
  named,
  NO_NUL,
  nullable,
  optional,
  Page,
  PageQuery,
  RowId,
  SeriesFields,
  seriesOf,
  StreamName,
  Time,
} from './common.ts'

const Texts = Type.Array(Type.String())
const nameOf = (description: string, example: string) =>
  Type.String({
    minLength: 1,
    maxLength: 200,
    pattern: '^[\\w.,-]+$',
    ...expected('a name that /v1/streams lists: letters, digits, dots, commas, _ and -'),
    description,
    examples: [example],
  })
const KeyText = Type.String({maxLength: 1024, ...NO_NUL})
const Any = ['number', 'string', 'boolean', 'null']
const Figure = Type.Unsafe<number | string | boolean | null>({type: Any})
const FiguresSchema = Type.Record(Type.String(), Figure, {
  description: 'by the names of measures; times are RFC 3339',
})

export const StreamParams = closed({stream: StreamName})
export const BreakdownParams = closed({
  stream: StreamName,
  dimension: nameOf('a split of the rollup', 'device'),
})
export const StreamEventParams = closed({stream: StreamName, id: RowId})

const Measured = {metrics: Texts}
const RollupView = named('StreamRollup', {
  by: Type.String(),
  columns: Texts,
  splits: Texts,
  levels: Texts,
  ...Measured,
})
const WindowView = named('StreamWindow', {
  by: Type.String(),
  seconds: Type.Integer(),
  ...Measured,
})
const ActiveView = named('StreamActiveWindow', {of: Type.String(), seconds: Type.Integer()})
export const StreamView = named('Stream', {
  stream: Type.String(),
  table: Type.String(),
  topic: Type.String(),
  key: Type.String(),
  id: Type.String(),
  time: nullable(Type.String({description: 'null: the time of the commit'})),
  rollups: Type.Array(RollupView),
  top: Type.Array(WindowView),
  active: Type.Array(ActiveView),
})
export const StreamList = named('StreamList', {items: Type.Array(StreamView)})

/** Which row of which rollup. */
const RowQuery = optional({
  by: nameOf('the rollup; the whole stream when left out', 'all'),
  key: Type.Array(KeyText, {
    maxItems: 10,
    description:
      'value of each column of the rollup, in its order, each as a parameter of its own: none for the whole stream; `(none)` for null, `((none)` for that text',
  }),
})

export const FiguresQuery = closed({...RowQuery, ...ChosenQuery, ...FiguresFields})
export const StreamSeriesQuery = closed({...RowQuery, ...ChosenQuery, ...SeriesFields})
export const StreamLiveQuery = closed({...RowQuery, ...ChosenQuery})

const TopFields = {
  ...optional({
    metric: nameOf('what is compared; the first of them when left out', 'engagement_seconds'),
    limit: limitOf(10, 1000),
  }),
  ...ChosenQuery,
}
export const StreamTopQuery = closed({
  by: nameOf('the window, or the rollup where a period is given', 'content_id'),
  ...TopFields,
  ...FiguresFields,
})
export const StreamTopLiveQuery = closed({by: nameOf('the window', 'content_id'), ...TopFields})

const Row = {stream: Type.String(), by: Type.String(), key: Type.Array(nullable(Type.String()))}
const Stretch = {from: nullable(Time), to: Time}

export const StreamFigures = named('StreamFigures', {
  ...Row,
  ...Stretch,
  metrics: FiguresSchema,
  meta: Meta,
})
export const StreamSeries = named('StreamSeries', {
  ...Row,
  ...seriesOf(
    'StreamBucket',
    FiguresSchema,
    'every bucket of the period, also those without events',
  ),
})
const StreamBreakdownItem = named('StreamBreakdownItem', {
  value: nullable(Type.String()),
  metrics: FiguresSchema,
})
export const StreamBreakdown = named('StreamBreakdown', {
  ...Row,
  dimension: Type.String(),
  ...Stretch,
  items: Type.Array(StreamBreakdownItem),
  meta: Meta,
})
const StreamTopItem = named('StreamTopItem', {
  rank: Type.Integer({minimum: 1}),
  key: Type.Array(nullable(Type.String())),
  value: Figure,
  ...optional({metrics: FiguresSchema}),
})
export const StreamTop = named('StreamTop', {
  stream: Type.String(),
  by: Type.String(),
  metric: Type.String(),
  ...Stretch,
  items: Type.Array(StreamTopItem),
  meta: Meta,
})
export const StreamActive = named('StreamActive', {
  stream: Type.String(),
  of: Type.String(),
  window_seconds: Type.Integer({minimum: 1}),
  active: Type.Integer({minimum: 0}),
  meta: Meta,
})

export const StreamEventsQuery = closed({
  key: Type.Unsafe<string>({
    ...KeyText,
    description: 'value of the key of the stream; `(none)` for null',
    examples: ['5a3b1e00-0000-4000-8000-000000000001'],
  }),
  ...optional({
    from: instantOf({description: 'date (UTC) or time, included', examples: ['2026-01-01']}),
    to: instantOf({
      description: 'date (UTC) or time, not included',
      examples: ['2026-02-01T00:00:00Z'],
    }),
  }),
  ...PageQuery,
  ...AfterQuery,
})
const Event = Type.Record(Type.String(), Type.Unknown(), {
  description:
    'its columns, then what is looked up for it and computed of it: decimals, intervals and times as text, bytes in hex, lists as lists, NaN and infinity as text',
})
export const StreamEvents = named('StreamEventList', {
  items: Type.Array(Event),
  page: Page,
  meta: Meta,
})
export const StreamEvent = named('StreamEvent', {event: Event, meta: Meta})

/** Any declared stream: what it counts, its figures, its events. */
import {Type} from 'typebox'
import {
  AfterQuery,
  closed,
  FiguresFields,
  instantOf,
  limitOf,
  Meta,
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
const Name = Type.String({minLength: 1, maxLength: 200, pattern: '^[\\w.,-]+$'})
const KeyText = Type.String({maxLength: 1024, pattern: '^[^\\u0000]*$'})
const Any = ['number', 'string', 'boolean', 'null']
const Figure = Type.Unsafe<number | string | boolean | null>({type: Any})
const FiguresSchema = Type.Record(Type.String(), Figure, {
  description: 'by the names of measures; times are RFC 3339',
})

export const StreamParams = closed({stream: StreamName})
export const BreakdownParams = closed({stream: StreamName, dimension: Name})
export const StreamEventParams = closed({stream: StreamName, id: RowId})

const Measured = {metrics: Texts}
export const StreamList = closed({
  items: Type.Array(
    closed({
      stream: Type.String(),
      table: Type.String(),
      topic: Type.String(),
      key: Type.String(),
      id: Type.String(),
      time: nullable(Type.String({description: 'null: the time of the commit'})),
      rollups: Type.Array(
        closed({by: Type.String(), columns: Texts, splits: Texts, levels: Texts, ...Measured}),
      ),
      top: Type.Array(closed({by: Type.String(), seconds: Type.Integer(), ...Measured})),
      active: Type.Array(closed({of: Type.String(), seconds: Type.Integer()})),
    }),
  ),
})

/** Which row of which rollup. */
const RowQuery = optional({
  by: Type.Unsafe<string>({...Name, description: 'the rollup; the whole stream when left out'}),
  key: Type.Array(KeyText, {
    maxItems: 10,
    description:
      'value of each column of the rollup, in its order; `(none)` for null, `((none)` for that text',
  }),
})

export const FiguresQuery = closed({...RowQuery, ...FiguresFields})
export const StreamSeriesQuery = closed({...RowQuery, ...SeriesFields})
export const StreamTopQuery = closed({
  by: Name,
  ...optional({metric: Name, limit: limitOf(10, 1000)}),
  ...FiguresFields,
})

const Row = {stream: Type.String(), by: Type.String(), key: Type.Array(nullable(Type.String()))}
const Stretch = {from: nullable(Time), to: Time}

export const StreamFigures = closed({...Row, ...Stretch, metrics: FiguresSchema, meta: Meta})
export const StreamSeries = closed({
  ...Row,
  ...seriesOf(FiguresSchema, 'every bucket of the period, also those without events'),
})
export const StreamBreakdown = closed({
  ...Row,
  dimension: Type.String(),
  ...Stretch,
  items: Type.Array(closed({value: nullable(Type.String()), metrics: FiguresSchema})),
  meta: Meta,
})
export const StreamTop = closed({
  stream: Type.String(),
  by: Type.String(),
  metric: Type.String(),
  ...Stretch,
  items: Type.Array(
    closed({
      rank: Type.Integer({minimum: 1}),
      key: Type.Array(nullable(Type.String())),
      value: Figure,
    }),
  ),
  meta: Meta,
})
export const StreamActive = closed({
  stream: Type.String(),
  of: Type.String(),
  window_seconds: Type.Integer({minimum: 1}),
  active: Type.Integer({minimum: 0}),
  meta: Meta,
})

export const StreamEventsQuery = closed({
  key: KeyText,
  ...optional({from: instantOf(), to: instantOf()}),
  ...PageQuery,
  ...AfterQuery,
})
const Event = Type.Record(Type.String(), Type.Unknown(), {
  description: 'its columns, then what is looked up for it and computed of it',
})
export const StreamEvents = closed({items: Type.Array(Event), page: Page, meta: Meta})
export const StreamEvent = closed({event: Event, meta: Meta})

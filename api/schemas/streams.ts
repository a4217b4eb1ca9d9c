/** Any declared stream: what it counts, its figures, its events. */
import {Type} from 'typebox'
import {GRANULARITIES} from '../calendar.ts'
import {INSTANT_PATTERN} from '../period.ts'
import {
  AfterQuery,
  CLOSED,
  DecimalsQuery,
  limitOf,
  Meta,
  nullable,
  oneOf,
  Page,
  PageQuery,
  PeriodQuery,
  RowId,
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

export const StreamParams = Type.Object({stream: StreamName}, CLOSED)
export const BreakdownParams = Type.Object({stream: StreamName, dimension: Name}, CLOSED)
export const StreamEventParams = Type.Object({stream: StreamName, id: RowId}, CLOSED)

const Measured = {metrics: Texts}
export const StreamList = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          stream: Type.String(),
          table: Type.String(),
          topic: Type.String(),
          key: Type.String(),
          id: Type.String(),
          time: nullable(Type.String({description: 'null: the time of the commit'})),
          rollups: Type.Array(
            Type.Object(
              {by: Type.String(), columns: Texts, splits: Texts, levels: Texts, ...Measured},
              CLOSED,
            ),
          ),
          top: Type.Array(
            Type.Object({by: Type.String(), seconds: Type.Integer(), ...Measured}, CLOSED),
          ),
          active: Type.Array(Type.Object({of: Type.String(), seconds: Type.Integer()}, CLOSED)),
        },
        CLOSED,
      ),
    ),
  },
  CLOSED,
)

/** Which row of which rollup. */
const RowQuery = {
  by: Type.Optional(
    Type.Unsafe<string>({...Name, description: 'the rollup; the whole stream when left out'}),
  ),
  key: Type.Optional(
    Type.Array(KeyText, {
      maxItems: 10,
      description:
        'value of each column of the rollup, in its order; `(none)` for null, `((none)` for that text',
    }),
  ),
}

export const FiguresQuery = Type.Object(
  {...RowQuery, ...PeriodQuery, ...DecimalsQuery, ...AfterQuery},
  CLOSED,
)
export const StreamSeriesQuery = Type.Object(
  {
    ...RowQuery,
    granularity: Type.Optional(oneOf(GRANULARITIES, {default: 'day'})),
    ...PeriodQuery,
    ...DecimalsQuery,
    ...AfterQuery,
  },
  CLOSED,
)
export const StreamTopQuery = Type.Object(
  {
    by: Name,
    metric: Type.Optional(Name),
    limit: Type.Optional(limitOf(10, 1000)),
    ...PeriodQuery,
    ...DecimalsQuery,
    ...AfterQuery,
  },
  CLOSED,
)

const Row = {stream: Type.String(), by: Type.String(), key: Type.Array(nullable(Type.String()))}
const Stretch = {from: nullable(Time), to: Time}

export const StreamFigures = Type.Object(
  {...Row, ...Stretch, metrics: FiguresSchema, meta: Meta},
  CLOSED,
)
export const StreamSeries = Type.Object(
  {
    ...Row,
    granularity: oneOf(GRANULARITIES),
    timezone: Type.String(),
    buckets: Type.Array(Type.Object({start: Time, end: Time, metrics: FiguresSchema}, CLOSED), {
      description: 'every bucket of the period, also those without events',
    }),
    meta: Meta,
  },
  CLOSED,
)
export const StreamBreakdown = Type.Object(
  {
    ...Row,
    dimension: Type.String(),
    ...Stretch,
    items: Type.Array(
      Type.Object({value: nullable(Type.String()), metrics: FiguresSchema}, CLOSED),
    ),
    meta: Meta,
  },
  CLOSED,
)
export const StreamTop = Type.Object(
  {
    stream: Type.String(),
    by: Type.String(),
    metric: Type.String(),
    ...Stretch,
    items: Type.Array(
      Type.Object(
        {rank: Type.Integer({minimum: 1}), key: Type.Array(nullable(Type.String())), value: Figure},
        CLOSED,
      ),
    ),
    meta: Meta,
  },
  CLOSED,
)
export const StreamActive = Type.Object(
  {
    stream: Type.String(),
    of: Type.String(),
    window_seconds: Type.Integer({minimum: 1}),
    active: Type.Integer({minimum: 0}),
    meta: Meta,
  },
  CLOSED,
)

const Instant = Type.String({pattern: INSTANT_PATTERN})
export const StreamEventsQuery = Type.Object(
  {
    key: KeyText,
    from: Type.Optional(Instant),
    to: Type.Optional(Instant),
    ...PageQuery,
    ...AfterQuery,
  },
  CLOSED,
)
const Event = Type.Record(Type.String(), Type.Unknown(), {
  description: 'its columns, then what is looked up for it and computed of it',
})
export const StreamEvents = Type.Object({items: Type.Array(Event), page: Page, meta: Meta}, CLOSED)
export const StreamEvent = Type.Object({event: Event, meta: Meta}, CLOSED)

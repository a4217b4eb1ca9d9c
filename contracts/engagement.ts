/**
 * Engagement: what people do with content, whatever a database calls it. A declaration says which columns hold what;
 * the measures, and what the API and the pages ask for, are the same for all. Types of events and of contents are any
 * text and count as themselves; which of them are plays and finishes is said.
 */
import type {PgTable} from 'drizzle-orm/pg-core'
import {
  columnsOf,
  primaryKeyOf,
  type Column,
  type FieldNames,
  type NoFieldNames,
  type RowOfTable,
} from './columns.ts'
import type {ColumnKind} from './kinds.ts'
import {average, count, max, min, quantiles, ratio, sum, uniques, type Measure} from './measures.ts'
import {stream, type JsonPath, type Rollup, type Stream} from './stream.ts'

/** What the parts of a row are called in records; a column with another name is mapped in `fields`. */
type Roles = Readonly<Record<string, {readonly kinds: readonly ColumnKind[]; readonly may?: true}>>

const ID: readonly ColumnKind[] = ['uuid', 'long', 'int', 'text']
const WHOLE: readonly ColumnKind[] = ['int', 'long']

const CONTENT: Roles = {
  id: {kinds: ID},
  title: {kinds: ['text'], may: true},
  slug: {kinds: ['text'], may: true},
  content_type: {kinds: ['text'], may: true},
  length_seconds: {kinds: WHOLE, may: true},
  publish_ts: {kinds: ['timestamp'], may: true},
}
const ENGAGEMENT: Roles = {
  event_id: {kinds: ID},
  content_id: {kinds: ID},
  user_id: {kinds: ID},
  event_type: {kinds: ['text']},
  event_ts: {kinds: ['timestamp']},
  duration_ms: {kinds: WHOLE},
  device: {kinds: ['text'], may: true},
  raw_payload: {kinds: ['json'], may: true},
  position_ms: {kinds: WHOLE, may: true},
}

/** @throws a sentence of a part that no column holds, or one of another kind */
function checkRoles(name: string, columns: readonly Column[], roles: Roles): void {
  for (const [role, {kinds, may = false}] of Object.entries(roles)) {
    const column = columns.find(({field}) => field === role)
    if (column === undefined ? may : kinds.includes(column.kind)) continue
    const known = columns.map(one => one.column).join(', ')
    throw new TypeError(
      column === undefined
        ? `stream ${name} needs a column for ${role}: map one of ${known} in fields, as {${known.split(', ', 1)[0]}: '${role}'}`
        : `stream ${name}: ${column.column} is ${column.kind} and cannot be ${role}: give ${kinds.join(' or ')}`,
    )
  }
}

interface Mapped<T extends PgTable, F extends FieldNames> {
  readonly table: T
  readonly topic: string
  /** Name of the Avro record; the topic's when left out. */
  readonly avro?: string
  /** Names of the parts by column, where they differ. */
  readonly fields?: F
}

/**
 * The contents: `id`, and where there are columns for them `title`, `slug`, `content_type`, `length_seconds` and
 * `publish_ts`.
 */
export function contentOf<T extends PgTable, const F extends FieldNames = NoFieldNames>(
  declaration: Mapped<T, F>,
): Stream<RowOfTable<T, F>> {
  const {table, fields} = declaration
  checkRoles('content', columnsOf(table, fields), CONTENT)
  // Without one, stream() says so.
  const key = primaryKeyOf(table) ?? ''
  return stream({name: 'content', role: 'content', ...declaration, key, isReference: true})
}

/** Which types of events are counted as what. A type that is none of them counts as an event of its own type. */
export interface EventTypes {
  readonly plays: readonly string[]
  readonly pauses: readonly string[]
  readonly finishes: readonly string[]
  readonly clicks: readonly string[]
}

const TYPES: EventTypes = {
  plays: ['play'],
  pauses: ['pause'],
  finishes: ['finish'],
  clicks: ['click'],
}

export interface EngagementDeclaration<T extends PgTable, F extends FieldNames> extends Mapped<
  T,
  F
> {
  readonly content: Stream
  /** Where the playhead was when the event was written, in milliseconds, when a JSON column says it. */
  readonly position?: JsonPath
  readonly types?: Partial<EventTypes>
  /** Measures beside the usual ones, of each content. */
  readonly measures?: Readonly<Record<string, Measure>>
}

const SECONDS = {per: 1000} as const

const ofTypes = (types: readonly string[]): Measure =>
  count({where: {event_type: types.length === 1 ? types[0]! : types}})

function measuresOf(types: EventTypes): Readonly<Record<string, Measure>> {
  return {
    events: count(),
    plays: ofTypes(types.plays),
    pauses: ofTypes(types.pauses),
    finishes: ofTypes(types.finishes),
    clicks: ofTypes(types.clicks),
    events_with_duration: count({of: 'duration_ms'}),
    engagement_seconds: sum('duration_ms', SECONDS),
    engagement_seconds_avg: average('duration_ms', SECONDS),
    completion_rate: ratio('finishes', 'plays'),
    unique_viewers: uniques('user_id'),
    percentiles: quantiles('duration_ms', {...SECONDS, as: 'engagement_seconds'}),
    first_event_at: min('event_ts'),
    last_event_at: max('event_ts'),
  }
}

/** Whom these concern would have to be looked for in all contents after each correction. */
const OF_CONTENTS: ReadonlySet<string> = new Set([
  'unique_viewers',
  'first_event_at',
  'last_event_at',
])

const LEVELS: Rollup['every'] = ['minute', 'hour', 'day', 'total']

/**
 * The stream of engagement: `event_id`, `content_id`, `user_id`, `event_type`, `event_ts`, `duration_ms`, and where
 * there are columns for them `device`, `raw_payload` and `position_ms`.
 *
 * @throws a sentence of a part that is missing
 */
export function engagementOf<T extends PgTable, const F extends FieldNames = NoFieldNames>(
  declaration: EngagementDeclaration<T, F>,
): Stream<RowOfTable<T, F>> {
  const {content, position, types, measures: more = {}, ...mapped} = declaration
  const columns = columnsOf(mapped.table, mapped.fields)
  checkRoles('engagement', columns, ENGAGEMENT)
  const has = (field: string): boolean => columns.some(one => one.field === field)
  const columnOf = (field: string): string => columns.find(one => one.field === field)!.column
  const shown = ['content_type', 'length_seconds'].filter(field =>
    content.columns.some(one => one.field === field),
  )
  const split = has('device') ? ['device', 'event_type'] : ['event_type']
  const usual = measuresOf({...TYPES, ...types})
  return stream({
    name: 'engagement',
    role: 'engagement',
    ...mapped,
    key: columnOf('content_id'),
    time: columnOf('event_ts'),
    paths: position === undefined ? {} : {position_ms: position},
    shows: shown.length === 0 ? [] : [{stream: content, by: 'content_id', columns: shown}],
    derived: {
      engagement_seconds: {divide: 'duration_ms', by: 1000},
      ...(shown.includes('length_seconds')
        ? {engagement_pct: {divide: 'engagement_seconds', by: 'length_seconds'}}
        : {}),
    },
    rawTable: 'engagement_metrics',
    hashes: 'engagement_events:event',
    filed: 'hour',
    measures: {...usual, ...more},
    rollups: [
      {by: 'content_id', split, every: LEVELS},
      {
        split,
        every: LEVELS,
        measures: Object.keys(usual).filter(name => !OF_CONTENTS.has(name)),
      },
    ],
    top: [
      {
        by: 'content_id',
        seconds: 600,
        measures: ['events', 'engagement_seconds', 'plays', 'unique_viewers'],
      },
    ],
    active: [{of: 'user_id', seconds: 300}],
    special: [
      {
        kind: 'retention',
        by: 'content_id',
        duration: 'duration_ms',
        ...(position !== undefined || has('position_ms') ? {position: 'position_ms'} : {}),
        split: 'event_type',
      },
    ],
  })
}

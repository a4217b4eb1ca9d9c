import {bigint, integer, pgTable, text, timestamp, uuid} from 'drizzle-orm/pg-core'
import {expect, test} from 'vitest'
import {contentOf, engagementOf} from './engagement.ts'
import {jsonPath} from './stream.ts'

const shows = pgTable('shows', {
  id: bigint('id', {mode: 'number'}).primaryKey(),
  name: text('name'),
})
const watched = pgTable('watched', {
  id: uuid('id').primaryKey(),
  show: bigint('show', {mode: 'number'}),
  who: text('who'),
  what: text('what'),
  at: timestamp('at', {withTimezone: true, mode: 'string'}).notNull(),
  ms: integer('ms'),
})
const FIELDS = {
  id: 'event_id',
  show: 'content_id',
  who: 'user_id',
  what: 'event_type',
  at: 'event_ts',
  ms: 'duration_ms',
} as const

const content = contentOf({table: shows, topic: 'shows', fields: {name: 'title'}})

test('tables of other names are engagement: keyed by content, timed, split by what there is', () => {
  const engagement = engagementOf({table: watched, topic: 'watched', content, fields: FIELDS})
  expect(engagement).toMatchObject({
    name: 'engagement',
    table: 'public.watched',
    keyColumn: 'show',
    keyField: 'content_id',
    timeField: 'event_ts',
    // The content has neither type nor length.
    shows: [],
    derived: {engagement_seconds: {divide: 'duration_ms', by: 1000}},
    special: [{kind: 'retention', by: 'content_id', duration: 'duration_ms', split: 'event_type'}],
  })
  expect(engagement.rollups.map(({split}) => split)).toEqual([['event_type'], ['event_type']])
  expect(content).toMatchObject({name: 'content', isReference: true, idField: 'id'})
})

test('which types are plays and finishes is said, and those that are not said are the usual ones', () => {
  const types = {plays: ['start', 'resume'], finishes: ['done'], clicks: []}
  const {measures} = engagementOf({
    table: watched,
    topic: 'watched',
    content,
    fields: FIELDS,
    types,
  })
  expect(measures).toMatchObject({
    plays: {where: {event_type: ['start', 'resume']}},
    pauses: {where: {event_type: 'pause'}},
    finishes: {where: {event_type: 'done'}},
    clicks: {where: {event_type: []}},
  })
})

const engagementWith = (fields: Readonly<Record<string, string>>) =>
  engagementOf({table: watched, topic: 'watched', content, fields})

test.each([
  [
    'a part that no column is mapped to',
    () => engagementWith({...FIELDS, ms: 'length'}),
    /^stream engagement needs a column for duration_ms: map one of id, show, who, what, at, ms in fields, as \{id: 'duration_ms'\}$/,
  ],
  [
    'a part of another kind',
    () => engagementWith({...FIELDS, ms: 'event_type', what: 'duration_ms'}),
    /^stream engagement: ms is int and cannot be event_type: give text$/,
  ],
  [
    'a content without an id',
    () => contentOf({table: shows, topic: 'shows', fields: {id: 'number'}}),
    /^stream content needs a column for id/,
  ],
  [
    'a position in a column that is not there',
    () =>
      engagementOf({
        table: watched,
        topic: 'watched',
        content,
        fields: FIELDS,
        position: jsonPath('payload', ['at'], 'long'),
      }),
    /path position_ms needs a JSON column, not payload$/,
  ],
])('%s is refused in a sentence', (_, declare, sentence) => {
  expect(declare).toThrow(sentence)
})

/** Named filters of a stream. */
import {Type, type Static} from 'typebox'
import {closed, named, optional, textOf, Time} from './common.ts'
import {Filters, StreamField, type Filter} from './query.ts'

const Name = textOf(100, {
  description: 'what filters call it: ["is", "segment", [name]]',
  examples: ['loyal'],
})
const OwnFilters = Type.Unsafe<readonly Filter[]>({
  ...Filters,
  minItems: 1,
  description: 'as in a query; without other segments',
})

export const SegmentSchema = named('Segment', {
  stream: Type.String(),
  name: Type.String(),
  filters: Type.Unsafe<readonly Filter[]>({
    type: 'array',
    items: {},
    description: 'as they were given',
  }),
  created_at: Time,
  changed_at: Time,
})
export type Segment = Static<typeof SegmentSchema>

export const SegmentList = named('SegmentList', {items: Type.Array(SegmentSchema)})

export const NewSegment = named(
  'NewSegment',
  {name: Name, filters: OwnFilters, ...optional({stream: StreamField})},
  {
    examples: [
      {name: 'phones', filters: [['is', 'device', ['ios', 'android']]]},
      {
        stream: 'activity',
        name: 'views',
        filters: [['matches_wildcard', 'page', ['/blog/*']]],
      },
    ],
  },
)

export const SegmentChange = named(
  'SegmentChange',
  {filters: OwnFilters},
  {examples: [{filters: [['is', 'device', ['ios']]]}]},
)

export const SegmentParams = closed({name: Name})
export const SegmentQuery = closed(optional({stream: StreamField}))

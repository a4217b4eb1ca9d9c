/** Content as it is served and written. */
import {Type, type Static} from 'typebox'
import {CONTENT_TYPES} from '../../db/tables.ts'
import {
  closed,
  ContentId,
  declaredAs,
  expected,
  Meta,
  named,
  nullable,
  oneOf,
  optional,
  Page,
  PageQuery,
  textOf,
  Time,
  Uuid,
} from './common.ts'

/** Where its table has no slug or title, they are its id. */
export const ContentSchema = named('Content', {
  id: ContentId,
  slug: Type.String({examples: ['sample-morning-news']}),
  title: Type.String({examples: ['The morning news']}),
  content_type: nullable(declaredAs('content.content_type', oneOf(CONTENT_TYPES))),
  length_seconds: nullable(Type.Integer({minimum: 0, examples: [1800]})),
  publish_ts: declaredAs('content.publish_ts', Time),
})
export type Content = Static<typeof ContentSchema>

export const ContentParams = closed({
  id: Type.Unsafe<string>({...ContentId, description: 'of the content'}),
})

export const CONTENT_ORDERS = [
  '-publish_ts',
  'publish_ts',
  'title',
  '-title',
  'slug',
  '-slug',
] as const
export type ContentOrder = (typeof CONTENT_ORDERS)[number]

export const ContentListQuery = closed({
  ...optional({
    search: textOf(200, {description: 'part of title or slug, whatever its case'}),
    content_type: declaredAs(
      'content.content_type',
      oneOf(CONTENT_TYPES, {description: 'only these'}),
    ),
    order: oneOf(CONTENT_ORDERS, {
      default: '-publish_ts',
      description: 'what the list is sorted by; - is downwards',
    }),
  }),
  ...PageQuery,
})
export type ContentListQuery = Static<typeof ContentListQuery>

export const ContentList = named('ContentList', {
  items: Type.Array(ContentSchema),
  page: Page,
  meta: Meta,
})

export const ContentAnswer = named('ContentAnswer', {content: ContentSchema, meta: Meta})

/** What a column of four bytes holds. */
export const Int32 = Type.Integer({minimum: 0, maximum: 2_147_483_647})

/** A time that is written: it must exist and lie in what the stores can bucket. */
export const WrittenTime = Type.String({
  format: 'date-time',
  maxLength: 40,
  ...expected('a time with its offset, such as 2026-01-31T12:00:00Z'),
  examples: ['2026-01-31T12:00:00Z'],
})

const Names = {slug: textOf(200), title: textOf(1000)}
const OtherFields = optional({
  content_type: nullable(oneOf(CONTENT_TYPES)),
  length_seconds: nullable(Int32),
  publish_ts: WrittenTime,
})

export const NewContent = named(
  'NewContent',
  {...optional({id: Uuid}), ...Names, ...OtherFields},
  {
    examples: [
      {
        slug: 'evening-news-ep1',
        title: 'Evening News – Episode 1',
        content_type: 'podcast',
        length_seconds: 1200,
      },
    ],
  },
)
export type NewContent = Static<typeof NewContent>

export const ContentChange = named(
  'ContentChange',
  {...optional(Names), ...OtherFields},
  {minProperties: 1, examples: [{length_seconds: 1800}]},
)
export type ContentChange = Static<typeof ContentChange>

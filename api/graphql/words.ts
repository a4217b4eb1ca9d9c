/** What the OpenAPI document says of GraphQL, which describes itself by its own schema. */
import {Type} from 'typebox'
import {answers, named, nullable, optional} from '../schemas/common.ts'

const GraphqlRequest = named(
  'GraphqlRequest',
  {
    query: Type.String({description: 'a document in the language of GraphQL'}),
    ...optional({
      operationName: nullable(Type.String({description: 'which of its operations'})),
      variables: Type.Unsafe<Record<string, unknown> | null>({
        type: ['object', 'null'],
        additionalProperties: true,
        description: 'values of the variables that it names',
      }),
    }),
  },
  {
    examples: [
      {query: '{top(limit: 3) {rank content {title} value}}'},
      {query: '{activity {all {figures(period: "7d") {metrics {activities page_views}}}}}'},
      {
        query: 'query ($id: ID!) {content(id: $id) {title metrics(period: "7d") {plays}}}',
        variables: {id: '5a3b1e00-0000-4000-8000-000000000001'},
      },
    ],
  },
)

const GraphqlError = named('GraphqlError', {
  message: Type.String(),
  ...optional({
    path: Type.Array(Type.Unsafe<string | number>({type: ['string', 'integer']})),
    locations: Type.Array(named('GraphqlLocation', {line: Type.Integer(), column: Type.Integer()})),
    extensions: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      additionalProperties: true,
      description: '`code` is the last part of the `type` of a problem, `errors` are those of it',
    }),
  }),
})

const GraphqlAnswer = named('GraphqlAnswer', {
  data: Type.Unsafe<Record<string, unknown> | null>({
    type: ['object', 'null'],
    additionalProperties: true,
    description: 'what was asked for, in the form of the document',
  }),
  ...optional({errors: Type.Array(GraphqlError, {description: 'each in its place of `data`'})}),
})

export const GRAPHQL_WORDS = {
  operationId: 'graphql',
  tags: ['graphql'],
  summary: 'Ask in GraphQL',
  description:
    'The schema is docs/schema.graphql of the project; introspection gives the same. Depth, aliases and cost of a document are limited. Subscriptions come over WebSocket at the same path (graphql-transport-ws).',
  body: GraphqlRequest,
  response: answers(
    {200: GraphqlAnswer, 400: GraphqlAnswer},
    ['too-large', 'unsupported-media-type'],
    false,
  ),
} as const

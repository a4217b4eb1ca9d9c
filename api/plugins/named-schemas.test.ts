import {expect, test} from 'vitest'
import {nameSchemas} from './named-schemas.ts'

const Content = {
  title: 'Content',
  type: 'object',
  properties: {title: {type: 'string'}, kind: {title: 'Kind', enum: ['a', 'b']}},
}

const documentOf = (schema: object, body?: object) => ({
  paths: {
    '/x': {
      post: {
        summary: 'Do it',
        ...(body === undefined
          ? {}
          : {requestBody: {content: {'application/json': {schema: body}}}}),
        responses: {
          200: {description: 'Default Response', content: {'application/json': {schema}}},
          204: {description: 'deleted'},
        },
      },
    },
  },
})

test('a schema with a title stands once among the components, wherever it is used', () => {
  const list = {title: 'List', type: 'object', properties: {items: {type: 'array', items: Content}}}
  const named = nameSchemas(documentOf(list, {...Content, examples: [{title: 'x'}]}))
  expect(named.components).toEqual({
    schemas: {
      Content: {
        type: 'object',
        properties: {title: {type: 'string'}, kind: {$ref: '#/components/schemas/Kind'}},
        examples: [{title: 'x'}],
      },
      Kind: {enum: ['a', 'b']},
      List: {
        type: 'object',
        properties: {items: {type: 'array', items: {$ref: '#/components/schemas/Content'}}},
      },
    },
  })
  const {requestBody, responses} = named.paths['/x'].post as unknown as Record<string, object>
  expect(requestBody).toEqual({
    content: {'application/json': {schema: {$ref: '#/components/schemas/Content'}}},
  })
  expect(responses).toEqual({
    200: {
      description: 'Do it',
      content: {'application/json': {schema: {$ref: '#/components/schemas/List'}}},
    },
    204: {description: 'deleted'},
  })
})

test('a default is of the place where the schema is used', () => {
  const Kind = {title: 'Kind', enum: ['a', 'b']}
  const schema = {type: 'object', properties: {one: {...Kind, default: 'a'}, other: Kind}}
  const named = nameSchemas(documentOf(schema))
  const {content} = (
    named.paths['/x'].post as unknown as {responses: Record<string, {content: object}>}
  ).responses['200']!
  expect(content).toEqual({
    'application/json': {
      schema: {
        type: 'object',
        properties: {
          one: {$ref: '#/components/schemas/Kind', default: 'a'},
          other: {$ref: '#/components/schemas/Kind'},
        },
      },
    },
  })
})

test('two schemas of one name are refused', () => {
  const other = {title: 'Content', type: 'object', properties: {}}
  expect(() => nameSchemas(documentOf(Content, other))).toThrow('two schemas of the API are named')
})

/**
 * Schemas by name in the OpenAPI document: what has a `title` in an answer or a body stands once, among the
 * components, and is referred to wherever it is used. Pure.
 */

export interface OpenapiDocument {
  readonly components?: {readonly schemas?: Readonly<Record<string, unknown>>}
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

type Node = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Of one place, not of the schema. */
const OF_PLACE = new Set(['default', 'description', 'example', 'examples'])
/** Values of these look like schemas and are none. */
const VALUES = new Set(['const', 'default', 'enum', 'example', 'examples'])

const pick = (node: Node, isWanted: (name: string) => boolean): Node =>
  Object.fromEntries(Object.entries(node).filter(([name]) => isWanted(name)))

const identityOf = (schema: Node): string =>
  JSON.stringify(
    Object.entries(pick(schema, name => !OF_PLACE.has(name))).toSorted(([a], [b]) =>
      a < b ? -1 : 1,
    ),
  )

interface Names {
  readonly schemas: () => Readonly<Record<string, Node>>
  /** @throws when another schema has the name */
  add(name: string, schema: Node): void
  /** The same, with references instead of what has a name. */
  refer(value: unknown): unknown
}

/** Collects schemas that have titles. */
function createNames(): Names {
  const schemas = new Map<string, Node>()

  /** The names of properties are not words of the schema. */
  const inside = (schema: Node): Node =>
    Object.fromEntries(
      Object.entries(schema).map(([word, value]) => {
        if (VALUES.has(word)) return [word, value]
        if (word !== 'properties' || !isNode(value)) return [word, names.refer(value)]
        const fields = Object.entries(value).map(([name, field]) => [name, names.refer(field)])
        return [word, Object.fromEntries(fields)]
      }),
    )

  const names: Names = {
    schemas: () => Object.fromEntries([...schemas].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    add(name, schema) {
      const known = schemas.get(name)
      if (known !== undefined && identityOf(known) !== identityOf(schema)) {
        throw new TypeError(`two schemas of the API are named ${name}`)
      }
      schemas.set(name, {...schema, ...known})
    },
    refer(value) {
      if (Array.isArray(value)) return value.map(item => names.refer(item))
      if (!isNode(value)) return value
      const inner = inside(value)
      const {title} = inner
      if (typeof title !== 'string') return inner
      names.add(
        title,
        pick(inner, word => word !== 'title' && word !== 'default'),
      )
      const own = 'default' in inner ? {default: inner['default']} : {}
      return {$ref: `#/components/schemas/${title}`, ...own}
    },
  }
  return names
}

function nameInContent(names: Names, content: unknown): unknown {
  if (!isNode(content)) return content
  const named = Object.entries(content).map(([type, media]) => [
    type,
    isNode(media) ? {...media, schema: names.refer(media['schema'])} : media,
  ])
  return Object.fromEntries(named) as unknown
}

interface Operation extends Node {
  readonly summary?: string
  readonly requestBody?: Node
  readonly responses?: Readonly<Record<string, Node>>
}

const NO_WORDS = 'Default Response'

function nameInOperation(names: Names, operation: Operation): Operation {
  const {requestBody, responses = {}, summary} = operation
  const body =
    requestBody === undefined
      ? {}
      : {requestBody: {...requestBody, content: nameInContent(names, requestBody['content'])}}
  const answers = Object.entries(responses).map(([status, response]) => [
    status,
    {
      ...response,
      description: response['description'] === NO_WORDS ? summary : response['description'],
      ...('content' in response ? {content: nameInContent(names, response['content'])} : {}),
    },
  ])
  return {...operation, ...body, responses: Object.fromEntries(answers)}
}

/**
 * The document with its named schemas among the components.
 *
 * @throws when two schemas that differ have one name
 */
export function nameSchemas<Document extends OpenapiDocument>(
  document: Document,
): Document & Required<Pick<OpenapiDocument, 'components'>> {
  const names = createNames()
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    names.add(name, names.refer(schema) as Node)
  }
  const paths = Object.entries(document.paths ?? {}).map(([path, methods]) => [
    path,
    Object.fromEntries(
      Object.entries(methods).map(([method, operation]) => [
        method,
        nameInOperation(names, operation as Operation),
      ]),
    ),
  ])
  return {
    ...document,
    components: {...document.components, schemas: names.schemas()},
    paths: Object.fromEntries(paths),
  }
}

/** TypeScript types of an OpenAPI 3.1 document. Pure. */

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema | false
  readonly prefixItems?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly $ref?: string
  readonly additionalProperties?: boolean | Schema
  readonly patternProperties?: Readonly<Record<string, Schema>>
  /** Name of the parameter without which all properties are there. */
  readonly 'x-complete-without'?: string
}

interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly deprecated?: boolean
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly schema: Schema
  }[]
  readonly requestBody?: {readonly content: Readonly<Record<string, {readonly schema: Schema}>>}
  readonly responses: Readonly<
    Record<string, {readonly content?: Readonly<Record<string, {readonly schema?: Schema}>>}>
  >
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: {readonly schemas?: Readonly<Record<string, Schema>>}
}

const METHODS = ['get', 'post', 'patch', 'delete'] as const
const PRIMITIVES: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
}

const nameOf = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name))

function objectOf(schema: Schema): string {
  const isComplete = schema['x-complete-without'] !== undefined
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const optional = isComplete || schema.required?.includes(name) === true ? '' : '?'
    return `readonly ${nameOf(name)}${optional}: ${typeOf(field)}`
  })
  if (fields.length > 0) return `{${fields.join('; ')}}`
  const values = Object.values(schema.patternProperties ?? {})[0]
  const extra =
    values ??
    (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined)
  return `Readonly<Record<string, ${extra === undefined ? 'unknown' : typeOf(extra)}>>`
}

/** The type of a value that fits the schema. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1)!
  if (schema.enum !== undefined) return schema.enum.map(value => JSON.stringify(value)).join(' | ')
  if (schema.anyOf !== undefined) return schema.anyOf.map(one => `(${typeOf(one)})`).join(' | ')
  if (schema.prefixItems !== undefined)
    return `readonly [${schema.prefixItems.map(typeOf).join(', ')}]`
  const types = [schema.type ?? []].flat()
  if (types.length === 0) return 'unknown'
  return types
    .map(type => {
      if (type === 'object') return objectOf(schema)
      if (type === 'array') return `readonly (${schema.items ? typeOf(schema.items) : 'unknown'})[]`
      return PRIMITIVES[type] ?? 'unknown'
    })
    .join(' | ')
}

function parametersOf(operation: Operation, where: string): string {
  const fields = (operation.parameters ?? [])
    .filter(parameter => parameter.in === where)
    .map(
      ({name, required, schema}) =>
        `readonly ${nameOf(name)}${required === true ? '' : '?'}: ${typeOf(schema)}`,
    )
  return fields.length === 0 ? 'Readonly<Record<string, never>>' : `{${fields.join('; ')}}`
}

/** The JSON answer of success; a stream or nothing is `undefined`. */
function answerOf(operation: Operation): string {
  const types = Object.entries(operation.responses)
    .filter(([status]) => status.startsWith('2') && status !== '202')
    .map(([, {content}]) => content?.['application/json']?.schema)
    .map(schema => (schema === undefined ? 'undefined' : typeOf(schema)))
  return [...new Set(types)].join(' | ') || 'undefined'
}

/** The type of the messages of a stream. */
function messagesOf(operation: Operation): readonly string[] {
  const schema = operation.responses['200']?.content?.['text/event-stream']?.schema
  return schema === undefined ? [] : [`    readonly messages: ${typeOf(schema)}`]
}

interface Named {
  /** Method and path. */
  readonly key: string
  readonly operation: Operation
}

const operationsOf = ({paths}: Document): readonly Named[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    METHODS.flatMap(method => {
      const operation = methods[method]
      return operation === undefined ? [] : [{key: `${method.toUpperCase()} ${path}`, operation}]
    }),
  )

function linesOf({key, operation}: Named): readonly string[] {
  const body = operation.requestBody?.content['application/json']?.schema
  const {summary = '', deprecated = false} = operation
  return [
    `  /** ${deprecated ? '@deprecated ' : ''}${summary} */`,
    `  ${JSON.stringify(key)}: {`,
    `    readonly path: ${parametersOf(operation, 'path')}`,
    `    readonly query: ${parametersOf(operation, 'query')}`,
    `    readonly body: ${body === undefined ? 'undefined' : typeOf(body)}`,
    `    readonly answer: ${answerOf(operation)}`,
    ...messagesOf(operation),
    '  }',
  ]
}

/** The text of a module with the named schemas, one entry per method and path, and their names. */
export function typesOf(document: Document): string {
  const lines = [
    '/** Written by scripts/write-client.ts from the OpenAPI document. Not to be edited. */',
    '',
  ]
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    lines.push(`export type ${name} = ${typeOf(schema)}`, '')
  }
  const operations = operationsOf(document)
  lines.push('export interface Operations {', ...operations.flatMap(linesOf), '}', '')
  lines.push('/** Operations by their names. */', 'export const OPERATIONS = {')
  for (const {key, operation} of operations) {
    lines.push(`  ${nameOf(operation.operationId ?? key)}: ${JSON.stringify(key)},`)
  }
  lines.push('} as const satisfies Readonly<Record<string, keyof Operations>>', '')
  return lines.join('\n')
}

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
  readonly then?: Schema
  readonly else?: Schema
  readonly additionalProperties?: boolean | Schema
  readonly patternProperties?: Readonly<Record<string, Schema>>
}

interface Operation {
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
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const optional = schema.required?.includes(name) === true ? '' : '?'
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
  if (schema.then !== undefined && schema.else !== undefined) {
    return `(${typeOf(schema.then)}) | (${typeOf(schema.else)})`
  }
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

/** The text of a module with one entry per method and path. */
export function typesOf(document: Document): string {
  const lines = [
    '/** Written by scripts/write-client.ts from the OpenAPI document. Not to be edited. */',
    '',
  ]
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    lines.push(`export type ${name} = ${typeOf(schema)}`, '')
  }
  lines.push('export interface Operations {')
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = methods[method]
      if (operation === undefined) continue
      const body = operation.requestBody?.content['application/json']?.schema
      lines.push(
        `  ${JSON.stringify(`${method.toUpperCase()} ${path}`)}: {`,
        `    readonly path: ${parametersOf(operation, 'path')}`,
        `    readonly query: ${parametersOf(operation, 'query')}`,
        `    readonly body: ${body === undefined ? 'undefined' : typeOf(body)}`,
        `    readonly answer: ${answerOf(operation)}`,
        '  }',
      )
    }
  }
  lines.push('}', '')
  return lines.join('\n')
}

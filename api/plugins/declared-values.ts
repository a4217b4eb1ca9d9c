/**
 * What ids, types and times can be in this pipeline. Schemas are written for our own declarations; where another one
 * maps its tables to engagement, what is marked (`declaredAs`) follows its columns: ids of their kind, any type, no
 * time where there is none.
 */
import type {FastifyInstance} from 'fastify'
import type {ColumnKind} from '../../contracts/kinds.ts'
import type {Stream} from '../../contracts/stream.ts'
import {isSample} from '../../db/sample-tables.ts'
import {expected, NO_NUL, Uuid} from '../schemas/common.ts'

type Node = Readonly<Record<string, unknown>>

/** Longest text of an id in an address. */
const ID_CHARACTERS_MAX = 512

const MARK = 'x-declared'
/** Words that say what the value is, not what it is for. */
const FORM = new Set(['type', 'enum', 'pattern', 'format', 'minimum', 'maximum', 'examples'])
const isForm = (word: string): boolean => FORM.has(word) || word === 'x-expected'

const WHOLE_NUMBER = {
  type: 'string',
  pattern: '^-?\\d{1,16}$',
  ...expected('a whole number such as 7'),
  examples: ['7'],
} as const
const TEXT = {type: 'string', minLength: 1, maxLength: ID_CHARACTERS_MAX, ...NO_NUL} as const

/** What stands in a declaration that is not ours. */
function formOf(kind: ColumnKind | undefined, written: Node): Node {
  if (written['format'] === 'date-time') return written
  if (kind === 'uuid') return {...Uuid}
  if (kind !== 'long' && kind !== 'int') return TEXT
  // Ids of events are numbers where they can be.
  return [written['type']].flat().includes('integer')
    ? {type: 'integer', examples: [1]}
    : WHOLE_NUMBER
}

const acceptsNull = ({type, enum: values}: Node): boolean =>
  [type].flat().includes('null') || (Array.isArray(values) && values.includes(null))

/** @returns the schema of a marked value as the streams have it */
function declared(node: Node, streams: readonly Stream[]): Node {
  const {[MARK]: mark, ...written} = node
  const [role, field] = (mark as string).split('.')
  const stream = streams.find(one => one.role === role)
  if (stream === undefined || isSample(stream)) return written
  const column = stream.columns.find(one => one.field === field)
  const form = formOf(column?.kind, written)
  const rest = Object.fromEntries(Object.entries(written).filter(([word]) => !isForm(word)))
  const isMissing = field === 'publish_ts' && (column === undefined || column.nullable)
  const nulls = acceptsNull(written) || isMissing ? {type: [form['type'], 'null']} : {}
  return {...rest, ...form, ...nulls}
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/** Goes through schemas, each of which many routes share, once. */
function createRewriter(streams: readonly Stream[]): (value: unknown) => unknown {
  const known = new WeakMap<object, unknown>()
  const rewrite = (value: unknown): unknown => {
    if (!isNode(value)) return value
    const done = known.get(value)
    if (done !== undefined) return done
    const result = Array.isArray(value)
      ? value.map(rewrite)
      : MARK in value
        ? declared(value, streams)
        : Object.fromEntries(Object.entries(value).map(([word, inner]) => [word, rewrite(inner)]))
    known.set(value, result)
    return result
  }
  return rewrite
}

/** Call before the first route. */
export function addDeclaredValues(app: FastifyInstance, streams: readonly Stream[]): void {
  const rewrite = createRewriter(streams)
  app.addHook('onRoute', route => {
    if (route.schema !== undefined) route.schema = rewrite(route.schema) as typeof route.schema
  })
}

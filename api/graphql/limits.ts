/** What one GraphQL document may ask for: depth, aliases and the number of things it touches. Pure. */
// The file that mercurius loads: the rules refuse a schema that another copy has made.
import {
  getNamedType,
  getNullableType,
  GraphQLError,
  isListType,
  isObjectType,
  Kind,
  validate,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql/index.js'

export interface DocumentCost {
  readonly depth: number
  readonly aliases: number
  /** Fields, each counted as often as the lists around it may repeat it. */
  readonly cost: number
}

export const DEPTH_MAX = 8
export const ALIASES_MAX = 15
export const COST_MAX = 5000
/** Figures and columns: anything deeper would be asked of the stores at each message. */
export const SUBSCRIPTION_DEPTH_MAX = 3
/** Members assumed of a list that names no limit. */
const LIST_DEFAULT = 20

type Variables = Readonly<Record<string, unknown>>

interface Walk {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly variables: Variables
  /** What was found so far. */
  readonly total: {-readonly [K in keyof DocumentCost]: DocumentCost[K]}
}

interface Place {
  readonly depth: number
  /** How often the lists around it may repeat it. */
  readonly times: number
  /** Fragments around it. */
  readonly path: readonly string[]
  /** What has the fields; undefined where there is no such thing. */
  readonly type: GraphQLNamedType | null | undefined
  /** How many members the answer around it was asked for. */
  readonly limit: number | undefined
}

type FieldNode = Extract<SelectionSetNode['selections'][number], {kind: Kind.FIELD}>

function limitOf(node: FieldNode, variables: Variables): number | undefined {
  const value = node.arguments?.find(one => one.name.value === 'limit')?.value
  if (value?.kind === Kind.INT) return Math.max(1, Number(value.value))
  if (value?.kind !== Kind.VARIABLE) return undefined
  return Math.max(1, Number(variables[value.name.value] ?? LIST_DEFAULT))
}

/** Where the fields inside a field are. */
function inside(node: FieldNode, at: Place, variables: Variables): Place {
  const fields = isObjectType(at.type) ? at.type.getFields() : {}
  const field: GraphQLField<unknown, unknown> | undefined = fields[node.name.value]
  const limit = limitOf(node, variables)
  const place = {...at, depth: at.depth + 1, type: field && getNamedType(field.type), limit}
  if (field === undefined || !isListType(getNullableType(field.type))) return place
  return {...place, times: at.times * (limit ?? at.limit ?? LIST_DEFAULT), limit: undefined}
}

function walk(set: SelectionSetNode, state: Walk, at: Place): void {
  state.total.depth = Math.max(state.total.depth, at.depth)
  for (const node of set.selections) {
    if (state.total.cost > COST_MAX) return
    if (node.kind === Kind.FIELD) {
      if (node.alias !== undefined) state.total.aliases++
      state.total.cost += at.times
      if (node.selectionSet !== undefined && !node.name.value.startsWith('__')) {
        walk(node.selectionSet, state, inside(node, at, state.variables))
      }
    } else if (node.kind === Kind.INLINE_FRAGMENT) walk(node.selectionSet, state, at)
    else {
      const name = node.name.value
      const fragment = state.fragments.get(name)
      // A fragment within itself is refused by the rules of GraphQL; here it only must not loop.
      if (fragment === undefined || at.path.includes(name)) continue
      walk(fragment.selectionSet, state, {...at, path: [...at.path, name]})
    }
  }
}

/** What variables are where none is given. */
const defaultsOf = ({variableDefinitions = []}: OperationDefinitionNode): Variables =>
  Object.fromEntries(
    variableDefinitions.flatMap(({variable, defaultValue}) =>
      defaultValue?.kind === Kind.INT ? [[variable.name.value, defaultValue.value] as const] : [],
    ),
  )

const rootOf = (schema: GraphQLSchema, {operation}: OperationDefinitionNode) =>
  schema.getRootType(operation)

/** What a document asks for at most. */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Variables = {},
): DocumentCost {
  const fragments = new Map(
    document.definitions.flatMap(one =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
    ),
  )
  const total = {aliases: 0, cost: 0, depth: 0}
  for (const one of document.definitions) {
    if (one.kind !== Kind.OPERATION_DEFINITION) continue
    const state: Walk = {total, fragments, variables: {...defaultsOf(one), ...variables}}
    const type = rootOf(schema, one)
    walk(one.selectionSet, state, {depth: 1, times: 1, path: [], type, limit: undefined})
  }
  return total
}

function refuseAbove(what: string, found: number, max: number): void {
  if (found <= max) return
  const error = new GraphQLError(`${what} ${found} is above the limit of ${max}`)
  throw Object.assign(error, {statusCode: 400})
}

/** @throws the limit that is exceeded, by name and number */
export function checkCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables?: Variables,
): void {
  const {depth, aliases, cost} = costOf(schema, document, variables)
  refuseAbove('depth', depth, DEPTH_MAX)
  refuseAbove('number of aliases', aliases, ALIASES_MAX)
  refuseAbove('cost', cost, COST_MAX)
}

/**
 * The library runs a subscription's document without asking the rules of GraphQL: what the schema
 * does not know would be left out silently.
 *
 * @throws what is wrong with the document, or the limit that is exceeded
 */
export function checkSubscription(schema: GraphQLSchema, document: DocumentNode): void {
  const [error] = validate(schema, document, undefined, {maxErrors: 1})
  if (error !== undefined) throw error
  checkCost(schema, document)
  refuseAbove('depth of a subscription', costOf(schema, document).depth, SUBSCRIPTION_DEPTH_MAX)
}

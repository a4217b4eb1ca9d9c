/** What one GraphQL document may ask for: depth, aliases and the number of things it touches. Pure. */
// The file that mercurius loads: the rules refuse a schema that another copy has made.
import {
  GraphQLError,
  Kind,
  validate,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
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
const LISTS = new Set(['contents', 'events', 'top', 'timeseries', 'breakdown', 'items'])

type Variables = Readonly<Record<string, unknown>>

interface Walk {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly variables: Variables
  aliases: number
  cost: number
  depth: number
}

function listSize(
  node: Extract<SelectionSetNode['selections'][number], {kind: Kind.FIELD}>,
  variables: Variables,
): number {
  if (!LISTS.has(node.name.value)) return 1
  const value = node.arguments?.find(one => one.name.value === 'limit')?.value
  if (value?.kind === Kind.INT) return Math.max(1, Number(value.value))
  if (value?.kind === Kind.VARIABLE)
    return Math.max(1, Number(variables[value.name.value] ?? LIST_DEFAULT))
  return LIST_DEFAULT
}

function walk(
  set: SelectionSetNode,
  state: Walk,
  at: {depth: number; times: number; path: readonly string[]},
): void {
  state.depth = Math.max(state.depth, at.depth)
  for (const node of set.selections) {
    if (state.cost > COST_MAX) return
    if (node.kind === Kind.FIELD) {
      if (node.alias !== undefined) state.aliases++
      state.cost += at.times
      if (node.selectionSet !== undefined && !node.name.value.startsWith('__')) {
        const times = at.times * listSize(node, state.variables)
        walk(node.selectionSet, state, {...at, depth: at.depth + 1, times})
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

/** What a document asks for at most. */
export function costOf(document: DocumentNode, variables: Variables = {}): DocumentCost {
  const fragments = new Map(
    document.definitions.flatMap(one =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
    ),
  )
  const state: Walk = {fragments, variables, aliases: 0, cost: 0, depth: 0}
  for (const one of document.definitions) {
    if (one.kind === Kind.OPERATION_DEFINITION)
      walk(one.selectionSet, state, {depth: 1, times: 1, path: []})
  }
  return {depth: state.depth, aliases: state.aliases, cost: state.cost}
}

function refuseAbove(what: string, found: number, max: number): void {
  if (found <= max) return
  const error = new GraphQLError(`${what} ${found} is above the limit of ${max}`)
  throw Object.assign(error, {statusCode: 400})
}

/** @throws the limit that is exceeded, by name and number */
export function checkCost(document: DocumentNode, variables?: Variables): void {
  const {depth, aliases, cost} = costOf(document, variables)
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
  checkCost(document)
  refuseAbove('depth of a subscription', costOf(document).depth, SUBSCRIPTION_DEPTH_MAX)
}

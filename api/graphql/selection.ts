/** What a document selects: only that is read. Pure. */
import {Kind, type FieldNode, type SelectionSetNode} from 'graphql/index.js'
import type {GraphQLResolveInfo} from 'graphql'

type Selecting = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>

function* fieldsIn(
  {selections}: SelectionSetNode,
  fragments: Selecting['fragments'],
): Generator<FieldNode> {
  for (const node of selections) {
    if (node.kind === Kind.FIELD) yield node
    else if (node.kind === Kind.INLINE_FRAGMENT) yield* fieldsIn(node.selectionSet, fragments)
    else yield* fieldsIn(fragments[node.name.value]!.selectionSet, fragments)
  }
}

/**
 * Names of the fields that are selected at the end of a path below a field.
 *
 * @param path names of fields, whatever they are called in the answer
 */
export function selectedAt(
  {fieldNodes, fragments}: Selecting,
  path: readonly string[],
): ReadonlySet<string> {
  let nodes: readonly FieldNode[] = fieldNodes
  const inside = (): FieldNode[] =>
    nodes.flatMap(({selectionSet}) =>
      selectionSet === undefined ? [] : [...fieldsIn(selectionSet, fragments)],
    )
  for (const name of path) nodes = inside().filter(node => node.name.value === name)
  return new Set(inside().map(node => node.name.value))
}

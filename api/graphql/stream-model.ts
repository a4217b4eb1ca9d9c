/** What GraphQL says of declared streams: names and types of fields, and what they stand for. Pure. */
import type {RollupPlan, StreamPlan} from '../../readmodel/plan.ts'
import {servedColumns} from '../reads/events.ts'
import {figureTypes, typeOfColumn} from './figure-types.ts'
import {createNames, toGraphqlName, toTypeName} from './names.ts'

/** Something of a declaration under its name in GraphQL. */
export interface Named {
  readonly name: string
  readonly own: string
}
export interface Typed extends Named {
  readonly type: string
}

export interface RollupModel {
  readonly rollup: RollupPlan
  readonly field: string
  /** Its figures as they change. */
  readonly subscription: string
  /** Begin of the names of its types. */
  readonly type: string
  readonly metrics: readonly Typed[]
  readonly splits: readonly Named[]
}

/** What can be compared: by windows, and by rollups where a period is given. */
export interface TopModel {
  readonly by: readonly Named[]
  /** Each is there by some of them, and null by the others. */
  readonly metrics: readonly Typed[]
}

export interface StreamModel {
  readonly plan: StreamPlan
  readonly field: string
  /** Its type, and with _ behind it the begin of the names of others: names of streams have none. */
  readonly type: string
  readonly rollups: readonly RollupModel[]
  readonly top: TopModel | undefined
  readonly event: readonly Typed[]
}

function nameAll(texts: Iterable<string>): readonly Named[] {
  const nameOf = createNames()
  return [...new Set(texts)].map(own => ({own, name: nameOf(toGraphqlName(own))}))
}

function typeAll(types: ReadonlyMap<string, string>): readonly Typed[] {
  return nameAll(types.keys()).map(named => ({...named, type: types.get(named.own)!}))
}

/** Names that are taken in the type of a stream. */
const FIELDS = ['top', 'active', 'events', 'event'] as const

const wordsOf = ({name, by}: RollupPlan): string =>
  by.length === 0 && name === 'all' ? 'all' : `by_${name}`

function describeRollups(
  {stream, rollups}: StreamPlan,
  owner: Pick<StreamModel, 'field' | 'type'>,
  subscriptionOf: (wanted: string) => string,
): readonly RollupModel[] {
  const nameOf = createNames(FIELDS)
  const typeOf = createNames()
  return rollups.flatMap(rollup => {
    const metrics = typeAll(figureTypes(stream, rollup))
    // A type needs a field: what counts nothing has no figures.
    if (metrics.length === 0) return []
    const words = wordsOf(rollup)
    const field = nameOf(toGraphqlName(words))
    return {
      rollup,
      field,
      subscription: subscriptionOf(`${owner.field}_${field}`),
      type: `${owner.type}_${typeOf(toTypeName(words))}`,
      metrics,
      splits: nameAll(rollup.split),
    }
  })
}

function describeTop({stream, rollups, tops}: StreamPlan): TopModel | undefined {
  const keyed = rollups.filter(({by}) => by.length > 0)
  const types = new Map<string, string>()
  for (const compared of [...tops, ...keyed]) {
    for (const [own, type] of figureTypes(stream, compared)) types.set(own, type.replace('!', ''))
  }
  const by = nameAll([...tops.map(top => top.by!), ...keyed.map(({name}) => name)])
  return by.length === 0 || types.size === 0 ? undefined : {by, metrics: typeAll(types)}
}

/**
 * @param taken names of fields and types that are there already
 * @returns a model of each stream, no name twice
 */
export function describeStreams(
  plans: readonly StreamPlan[],
  taken: Readonly<Record<'fields' | 'subscriptions' | 'types', Iterable<string>>>,
): readonly StreamModel[] {
  const nameOf = createNames(taken.fields)
  const typeOf = createNames(taken.types)
  const subscriptionOf = createNames(taken.subscriptions)
  return plans.map(plan => {
    const {stream} = plan
    const owner = {
      field: nameOf(toGraphqlName(stream.name)),
      type: typeOf(toTypeName(stream.name)),
    }
    return {
      plan,
      ...owner,
      rollups: describeRollups(plan, owner, subscriptionOf),
      top: describeTop(plan),
      event: typeAll(
        new Map(servedColumns(plan).map(({name, kind}) => [name, typeOfColumn(kind)])),
      ),
    }
  })
}

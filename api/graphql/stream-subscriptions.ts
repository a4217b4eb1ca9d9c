/** Figures of rows of declared streams as they change: the channels of their live streams. INV-69 holds as for contents. */
import type {GraphQLResolveInfo} from 'graphql'
import type {IResolvers} from 'mercurius'
import type {Hub} from '../live/hub.ts'
import {channelOf} from '../live/sources.ts'
import {idOfRow, kindOfRows} from '../live/stream-sources.ts'
import type {Figures} from '../measures.ts'
import type {StreamFigureReads} from '../reads/stream-figures.ts'
import type {Meta} from '../schemas/common.ts'
import {msToIso} from '../times.ts'
import type {Connection} from './connection.ts'
import type {RollupModel, StreamModel} from './stream-model.ts'
import {chosenAt, rowOf, toFields} from './stream-resolvers.ts'
import {listenTo, type Listened} from './subscription.ts'

export interface StreamListenDeps {
  readonly hub: Hub
  readonly figures: StreamFigureReads
}

/** As the messages of the live stream have it. */
interface Told {
  readonly from: null
  readonly to: string
  readonly metrics: Figures
  readonly meta: Meta
}

function listenedOf(
  figures: StreamFigureReads,
  {rollup, metrics: named}: RollupModel,
  asked: {readonly key: string; readonly metrics: readonly string[]},
): Listened<unknown> {
  const row = {rollup, ...asked}
  const toValue = ({from, to, metrics, meta}: Told) => {
    return {from, to, metrics: toFields(named, metrics), meta}
  }
  return {
    channel: channelOf(kindOfRows(rollup.stream.name), idOfRow(row)),
    event: 'figures',
    async first() {
      const {value, meta} = await figures.figures(row, null)
      return toValue({from: null, to: msToIso(Date.now()), metrics: value, meta})
    },
    toValue: data => toValue(data as Told),
    figuresOf: value => (value as Told).metrics,
  }
}

const subscriptionOf = ({hub, figures}: StreamListenDeps, model: RollupModel) => ({
  subscribe(
    _root: unknown,
    args: {readonly key?: readonly string[]},
    connection: Connection,
    info: GraphQLResolveInfo,
  ) {
    const {own: key} = rowOf(model.rollup, args)
    const metrics = chosenAt(info, ['metrics'], model.metrics)
    return listenTo(hub, model.subscription, listenedOf(figures, model, {key, metrics}), connection)
  },
})

export function streamSubscriptions(
  deps: StreamListenDeps,
  models: readonly StreamModel[],
): IResolvers {
  const all = models.flatMap(({rollups}) =>
    rollups.map(rollup => [rollup.subscription, subscriptionOf(deps, rollup)] as const),
  )
  return all.length === 0 ? {} : {Subscription: Object.fromEntries(all)}
}

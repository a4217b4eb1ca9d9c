/** Answers of declared streams over GraphQL: those of REST, of which only what is selected is read. */
import type {GraphQLResolveInfo} from 'graphql'
import type {IResolvers} from 'mercurius'
import type {RollupPlan, StreamPlan} from '../../readmodel/plan.ts'
import type {Granularity} from '../calendar.ts'
import type {Cursors} from '../cursor.ts'
import {parseId, type ListPosition, type ServedEvent} from '../reads/events.ts'
import type {StreamAnswers} from '../reads/stream-answers.ts'
import {partsOfKey, toKeyPart} from '../reads/stream-keys.ts'
import {bucketsOf, isoStretch, microsOf, pageOf} from '../routes/asked.ts'
import {keyOf, stretchOf} from '../routes/stream-asked.ts'
import {topOf} from '../routes/stream-windows.ts'
import {msToIso} from '../times.ts'
import {checkInstant, checkKey, checkLimit, checkPeriod, type PeriodArguments} from './arguments.ts'
import {selectedAt} from './selection.ts'
import type {Named, RollupModel, StreamModel, TopModel} from './stream-model.ts'

export interface StreamGraphDeps extends StreamAnswers {
  readonly plans: readonly StreamPlan[]
  readonly cursors: Cursors
}

/** A row that was asked for. */
interface Row {
  readonly key: readonly (string | null)[]
  /** As stores name it. */
  readonly own: string
}

type Values = Readonly<Record<string, unknown>>

/** Values under their names in GraphQL. */
export const toFields = (named: readonly Named[], values: Values): Values =>
  Object.fromEntries(
    named.flatMap(({name, own}) => (own in values ? [[name, values[own]] as const] : [])),
  )

const ownOf = (named: readonly Named[], name: string): string =>
  named.find(one => one.name === name)!.own

/** Names of the figures that a document selects at a path. */
export function chosenAt(
  info: GraphQLResolveInfo,
  path: readonly string[],
  metrics: readonly Named[],
): readonly string[] {
  const selected = selectedAt(info, path)
  return metrics.flatMap(({name, own}) => (selected.has(name) ? [own] : []))
}

/** @throws 422 unless there is a text for each column */
export function rowOf(rollup: RollupPlan, {key = []}: {readonly key?: readonly string[]}): Row {
  const own = keyOf(rollup, checkKey(key))
  return {key: partsOfKey(rollup, own), own}
}

function rollupResolvers(
  {figures}: StreamGraphDeps,
  {rollup, type, metrics, splits}: RollupModel,
): IResolvers {
  const served = (values: Values): Values => toFields(metrics, values)
  const asked = ({own}: Row, info: GraphQLResolveInfo, path: readonly string[]) => {
    return {rollup, key: own, metrics: chosenAt(info, path, metrics)}
  }
  const breakdown = async (
    row: Row,
    args: PeriodArguments & {readonly dimension: string},
    _context: unknown,
    info: GraphQLResolveInfo,
  ) => {
    const {period, slices} = stretchOf(rollup, checkPeriod(args))
    const dimension = ownOf(splits, args.dimension)
    const question = asked(row, info, ['items', 'metrics'])
    const {value, meta} = await figures.breakdown(question, dimension, slices)
    const items = value.map(one => ({value: one.value, metrics: served(one.metrics)}))
    return {dimension, ...isoStretch(period), items, meta}
  }
  return {
    [type]: {
      async figures(row: Row, args: PeriodArguments, _context: unknown, info: GraphQLResolveInfo) {
        const {period, slices} = stretchOf(rollup, checkPeriod(args))
        const {value, meta} = await figures.figures(asked(row, info, ['metrics']), slices)
        return {...isoStretch(period), metrics: served(value), meta}
      },
      async timeseries(
        row: Row,
        args: PeriodArguments & {readonly granularity: Granularity},
        _context: unknown,
        info: GraphQLResolveInfo,
      ) {
        const {granularity} = args
        const {zone, buckets} = bucketsOf({...checkPeriod(args), granularity}, 'needs a start')
        const slices = buckets.map(({start, end}) => ({from: start / 1000, to: end / 1000}))
        const question = asked(row, info, ['buckets', 'metrics'])
        const {value, meta} = await figures.series(question, slices)
        const filled = buckets.map(({start, end}, i) => {
          return {start: msToIso(start), end: msToIso(end), metrics: served(value[i]!)}
        })
        return {granularity, timezone: zone, buckets: filled, meta}
      },
      ...(splits.length === 0 ? {} : {breakdown}),
    },
  } as IResolvers
}

interface TopArguments extends PeriodArguments {
  readonly by: string
  readonly metric?: string | null
  readonly limit: number
}

const topResolver =
  ({tops}: StreamGraphDeps, plan: StreamPlan, {by: keys, metrics}: TopModel) =>
  async (_: unknown, args: TopArguments, _context: unknown, info: GraphQLResolveInfo) => {
    const chosen = chosenAt(info, ['items', 'metrics'], metrics)
    const by = ownOf(keys, args.by)
    const {asked, read} = topOf({tops}, plan, {
      ...checkPeriod(args),
      by,
      limit: checkLimit(args.limit),
      ...(args.metric ? {metric: ownOf(metrics, args.metric)} : {}),
      ...(chosen.length === 0 ? {} : {metrics: chosen}),
    })
    const {value, meta, period} = await read()
    const items = value.map(row => ({...row, metrics: toFields(metrics, row.metrics ?? {})}))
    return {by, metric: asked.metric, ...isoStretch(period), items, meta}
  }

interface EventArguments {
  readonly key: string
  readonly from?: string | null
  readonly to?: string | null
  readonly limit: number
  readonly cursor?: string | null
}

function eventResolvers({events, cursors}: StreamGraphDeps, {plan, event}: StreamModel) {
  const stream = plan.stream.name
  const served = (values: ServedEvent): Values => toFields(event, values)
  const end = (field: 'from' | 'to', {[field]: text}: EventArguments): number | null =>
    microsOf(field, text ? checkInstant(field, text) : undefined)
  return {
    async events(_: unknown, args: EventArguments) {
      const [key = ''] = checkKey([args.key])
      const [from, to] = [end('from', args), end('to', args)]
      const {limit, after, pageTo} = pageOf<ListPosition>(
        cursors,
        ['stream-events', stream, key, from, to],
        {limit: checkLimit(args.limit), ...(args.cursor ? {cursor: args.cursor} : {})},
      )
      const request = {limit, from, to, after}
      const {value, meta} = await events.list(stream, toKeyPart(key), request)
      return {items: value.items.map(served), page: pageTo(value.next), meta}
    },
    async event(_: unknown, {id}: {readonly id: string}) {
      const {value} = await events.find(stream, parseId(plan, id))
      return value === undefined ? null : served(value)
    },
  }
}

function activeResolver({tops}: StreamGraphDeps, {stream, actives}: StreamPlan) {
  const [window] = actives
  if (window === undefined) return {}
  return {
    async active() {
      const {value, meta} = await tops.active(stream.name, window)
      return {of: stream.active[0]!.of, window_seconds: window.seconds, active: value, meta}
    },
  }
}

/** Resolvers of one stream: its field of queries, and its types. */
function resolversOf(deps: StreamGraphDeps, model: StreamModel): readonly IResolvers[] {
  const {plan, field, type, rollups, top} = model
  const rows = rollups.map(({rollup, field: name}) => {
    return [name, (_: unknown, args: {key?: readonly string[]}) => rowOf(rollup, args)] as const
  })
  const own = {
    ...Object.fromEntries(rows),
    ...(top === undefined ? {} : {top: topResolver(deps, plan, top)}),
    ...activeResolver(deps, plan),
    ...eventResolvers(deps, model),
  }
  return [
    {Query: {[field]: () => ({})}, [type]: own},
    ...rollups.map(rollup => rollupResolvers(deps, rollup)),
  ]
}

export const streamResolvers = (
  deps: StreamGraphDeps,
  models: readonly StreamModel[],
): readonly IResolvers[] => models.flatMap(model => resolversOf(deps, model))

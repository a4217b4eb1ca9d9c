/** GraphQL over HTTP and WebSocket, behind the same keys as REST. */
import type {GraphQLResolveInfo} from 'graphql'
import mercurius, {type IResolvers, type MercuriusLoaders} from 'mercurius'
import {findRole, type Stream} from '../../contracts/stream.ts'
import type {Api} from '../app.ts'
import {bucketStarts, withEnds, type Granularity} from '../calendar.ts'
import type {Hub} from '../live/hub.ts'
import {METRIC_NAMES, type MetricName} from '../measures.ts'
import {parseZone} from '../period.ts'
import {refuse} from '../problem.ts'
import type {QuestionDeps} from '../query/question.ts'
import {parseId} from '../reads/events.ts'
import type {Reads} from '../reads/reads.ts'
import {WINDOW_METRICS} from '../reads/top.ts'
import type {Content} from '../schemas/content.ts'
import type {EventView} from '../schemas/events.ts'
import type {BREAKDOWNS} from '../schemas/metrics.ts'
import {msToIso} from '../times.ts'
import {checkId, checkLimit, checkText, periodOf} from './arguments.ts'
import {openConnection, type Connection} from './connection.ts'
import {addConsole} from './console.ts'
import {createErrorHandler, createFormatter} from './errors.ts'
import {checkCost, checkSubscription} from './limits.ts'
import {questionResolvers} from './question.ts'
import {graphOf} from './schema.ts'
import {selectedAt} from './selection.ts'
import {streamResolvers, type StreamGraphDeps} from './stream-resolvers.ts'
import {streamSubscriptions} from './stream-subscriptions.ts'
import {subscriptions} from './subscription.ts'

export interface GraphqlDeps extends QuestionDeps {
  readonly reads: Reads
  readonly hub: Hub
  /** All streams, also those that others look up in. */
  readonly declared: readonly Stream[]
  readonly streams: StreamGraphDeps
  readonly production: boolean
}

const BUCKETS_MAX = 1000

/** Figures that a document selects of each member of a list: no others are read. */
function selectedMetrics(info: GraphQLResolveInfo): readonly MetricName[] {
  const selected = selectedAt(info, ['metrics'])
  return METRIC_NAMES.filter(name => selected.has(name))
}

/** Fields of contents as the application's table has them. */
const contentResolvers = ({reads}: GraphqlDeps, content: Stream): IResolvers => ({
  Query: {
    content: (_root, {id}: {id: string}) => reads.content(checkId(content, id)),
    contents: async (
      _root,
      args: {limit: number; search?: string | null; content_type?: Content['content_type']},
    ) => {
      const limit = checkLimit(args.limit)
      const search = checkText('search', args.search)
      const type = args.content_type ?? undefined
      const rows = await reads.contents.list(
        {
          limit,
          ...(search === undefined ? {} : {search}),
          ...(type === undefined ? {} : {content_type: type}),
        },
        undefined,
      )
      return rows.slice(0, limit)
    },
  },
})

const eventResolvers = ({reads}: GraphqlDeps, engagement: Stream): IResolvers => ({
  Query: {
    event: async (_root, {id}: {id: string}) =>
      (await reads.event(parseId({stream: engagement}, id)))?.value ?? null,
    active_users: async () => (await reads.activeUsers()).value.users,
  },
})

const figureResolvers = ({reads}: GraphqlDeps): IResolvers => ({
  Query: {
    top: async (_root, args: {limit: number; by: MetricName; period?: string | null}) => {
      const limit = checkLimit(args.limit)
      const live = (args.period ?? '10m') === '10m' && WINDOW_METRICS.includes(args.by)
      const period = live ? 'window' : periodOf(args.period, 'UTC', '10m')
      const {value} = await reads.top(args.by, period, limit)
      return value.map(row => ({...row, value: typeof row.value === 'number' ? row.value : null}))
    },
  },
  Content: {
    timeseries: async (
      content: Content,
      args: {granularity: Granularity; period?: string | null; timezone?: string | null},
      _context,
      info,
    ) => {
      const zone = parseZone(args.timezone ?? undefined, 'timezone', 'argument')
      const fallback = args.granularity === 'minute' ? '60m' : '30d'
      const {from, to} = periodOf(args.period, zone, fallback)
      const starts =
        from === null ? undefined : bucketStarts({from, to}, args.granularity, zone, BUCKETS_MAX)
      if (starts === undefined) {
        const detail = `gives more than ${BUCKETS_MAX} buckets`
        throw refuse('argument', 'period', args.period ?? null, detail)
      }
      const buckets = withEnds(starts, args.granularity, zone)
      const {value} = await reads.series(content, buckets, selectedMetrics(info))
      return value.map(({start, metrics}) => ({start: msToIso(start), metrics}))
    },
    breakdown: async (
      content: Content,
      {dimension, period}: {dimension: (typeof BREAKDOWNS)[number]; period?: string | null},
      _context,
      info,
    ) => {
      const metrics = selectedMetrics(info)
      const {value} = await reads.breakdown(content, dimension, periodOf(period), metrics)
      return value
    },
    events: async (content: Content, args: {limit: number}) => {
      const request = {
        limit: checkLimit(args.limit),
        eventType: undefined,
        from: null,
        to: null,
        after: undefined,
      }
      return (await reads.events(content, request)).value.items
    },
  },
})

/** Asked once for all that a document names, whatever the number of contents. */
const figureLoaders = ({reads}: GraphqlDeps): MercuriusLoaders => ({
  Content: {
    metrics: async (queries: readonly {obj: Content; params: {period?: string | null}}[]) => {
      const all = queries.filter(({params}) => (params.period ?? 'all') === 'all')
      const contents = [...new Map(all.map(({obj}) => [obj.id, obj])).values()]
      const totals = contents.length > 0 ? (await reads.totals(contents)).value : new Map()
      return await Promise.all(
        queries.map(async ({obj, params}) => {
          if ((params.period ?? 'all') === 'all') return totals.get(obj.id) as unknown
          return (await reads.metrics(obj, periodOf(params.period))).value
        }),
      )
    },
  },
  Event: {
    content: async (queries: readonly {obj: EventView}[]) => {
      const ids = new Set(
        queries.flatMap(({obj}) => (obj.content_id === null ? [] : [obj.content_id])),
      )
      const found = new Map((await reads.contents.read([...ids])).map(one => [one.id, one]))
      return queries.map(({obj}) => found.get(obj.content_id ?? '') ?? null)
    },
  },
})

/** What the schema has of contents, events and their figures is what is declared. */
function ownResolvers(deps: GraphqlDeps) {
  const [content, engagement] = [
    findRole(deps.declared, 'content'),
    findRole(deps.declared, 'engagement'),
  ]
  const parts: IResolvers[] = [questionResolvers(deps)]
  if (content !== undefined) parts.push(contentResolvers(deps, content))
  if (engagement !== undefined) parts.push(eventResolvers(deps, engagement))
  if (content === undefined || engagement === undefined) return {parts, loaders: {}}
  return {
    parts: [...parts, figureResolvers(deps), subscriptions(deps, content)],
    loaders: figureLoaders(deps),
  }
}

/** Resolvers of all parts, each of which may have some of a type. */
function mergeResolvers(parts: readonly IResolvers[]): IResolvers {
  const merged: Record<string, object> = {}
  for (const part of parts) {
    for (const [type, own] of Object.entries(part))
      merged[type] = {...merged[type], ...(own as object)}
  }
  return merged as IResolvers
}

export async function addGraphql(app: Api, deps: GraphqlDeps): Promise<void> {
  const format = createFormatter(app.log)
  const {hub, declared, streams: answers} = deps
  const {sdl, streams} = graphOf(answers.plans, declared)
  const {parts, loaders} = ownResolvers(deps)
  await app.register(mercurius, {
    schema: sdl,
    resolvers: mergeResolvers([
      ...parts,
      ...streamResolvers(answers, streams),
      streamSubscriptions({hub, ...answers}, streams),
    ]),
    loaders,
    allowBatchedQueries: false,
    // What clients ask to learn the schema is 15 deep; limits.ts bounds all other questions.
    queryDepth: 16,
    jit: 1,
    subscription: {
      keepAlive: 15_000,
      fullWsTransport: false,
      context: (socket, request) => openConnection(socket, request.ip),
    },
    errorFormatter: format,
    errorHandler: createErrorHandler(format),
  })
  app.graphql.addHook('preExecution', async (schema, document, _context, variables) => {
    checkCost(schema, document, variables)
    return await Promise.resolve()
  })
  app.graphql.addHook('preSubscriptionExecution', async (schema, document, context) => {
    ;(context as unknown as Connection).countStart()
    checkSubscription(schema, document)
    await Promise.resolve()
  })
  if (!deps.production) addConsole(app, sdl)
}

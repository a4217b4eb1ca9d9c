/** GraphQL over HTTP and WebSocket, behind the same keys as REST. */
import mercurius, {type IResolvers, type MercuriusLoaders} from 'mercurius'
import {EventEmitter} from 'node:events'
import type {Api} from '../app.ts'
import {bucketStarts, type Granularity} from '../calendar.ts'
import {listContent, readContents} from '../content-table.ts'
import type {Database} from '../database.ts'
import type {Hub} from '../live/hub.ts'
import {METRIC_NAMES, type MetricName} from '../measures.ts'
import {parsePeriod, parseZone, PERIOD_PATTERN, type Period} from '../period.ts'
import {Problem, refuse} from '../problem.ts'
import type {Reads} from '../reads/reads.ts'
import {UUID_PATTERN} from '../schemas/common.ts'
import type {Content} from '../schemas/content.ts'
import type {EventView} from '../schemas/events.ts'
import {msToIso} from '../times.ts'
import {checkCost} from './limits.ts'
import {SDL} from './schema.ts'

export interface GraphqlDeps {
  readonly reads: Reads
  readonly db: Database
  readonly hub: Hub
  readonly production: boolean
}

const LIST_MAX = 100
const BUCKETS_MAX = 1000

function checkId(id: string): string {
  if (!new RegExp(UUID_PATTERN).test(id)) throw refuse('argument', 'id', id, 'is not a UUID')
  return id.toLowerCase()
}

function checkLimit(limit: number): number {
  if (limit >= 1 && limit <= LIST_MAX) return limit
  throw refuse('argument', 'limit', limit, `must be from 1 to ${LIST_MAX}`)
}

function periodOf(text: string | null | undefined, zone = 'UTC', fallback = 'all'): Period {
  const period = text ?? fallback
  if (!new RegExp(PERIOD_PATTERN).test(period)) {
    throw refuse('argument', 'period', period, 'is not a period such as all, 7d or 24h')
  }
  return parsePeriod({period}, {now: Date.now(), zone, fallback})
}

function checkText(field: string, text: string | null | undefined): string | undefined {
  if (text === null || text === undefined || text === '') return undefined
  if (text.length <= 200 && !text.includes('\0')) return text
  throw refuse('argument', field, text, 'is longer than 200 characters or holds NUL')
}

function queryResolvers({reads, db}: GraphqlDeps): IResolvers {
  return {
    Query: {
      content: (_root, {id}: {id: string}) => reads.content(checkId(id)),
      contents: async (
        _root,
        args: {limit: number; search?: string | null; content_type?: Content['content_type']},
      ) => {
        const limit = checkLimit(args.limit)
        const search = checkText('search', args.search)
        const type = args.content_type ?? undefined
        const rows = await listContent(
          db,
          {
            limit,
            ...(search === undefined ? {} : {search}),
            ...(type === undefined ? {} : {content_type: type}),
          },
          undefined,
        )
        return rows.slice(0, limit)
      },
      event: async (_root, {id}: {id: string}) => {
        if (!/^[1-9]\d{0,15}$/.test(id)) throw refuse('argument', 'id', id, 'is not an event id')
        return (await reads.event(Number(id)))?.value ?? null
      },
      top: async (_root, args: {limit: number; by: MetricName; period?: string | null}) => {
        const limit = checkLimit(args.limit)
        const windowed = ['engagement_seconds', 'plays', 'unique_viewers'].includes(args.by)
        const period =
          (args.period ?? '10m') === '10m' && windowed
            ? 'window'
            : periodOf(args.period, 'UTC', '10m')
        const {value} = await reads.top(args.by, period, limit)
        return value.map((row, index) => ({
          rank: index + 1,
          content: row.content,
          value: typeof row.value === 'number' ? row.value : null,
        }))
      },
      active_users: async () => (await reads.activeUsers()).value.users,
    },
    Content: {
      timeseries: async (
        content: Content,
        args: {granularity: Granularity; period?: string | null; timezone?: string | null},
      ) => {
        const zone = parseZone(args.timezone ?? undefined, 'timezone', 'argument')
        const fallback = args.granularity === 'minute' ? '60m' : '30d'
        const period = periodOf(args.period, zone, fallback)
        const {from, to} = period
        const starts =
          from === null ? undefined : bucketStarts({from, to}, args.granularity, zone, BUCKETS_MAX)
        if (starts === undefined) {
          throw refuse(
            'argument',
            'period',
            args.period ?? null,
            `gives more than ${BUCKETS_MAX} buckets`,
          )
        }
        const plan = {granularity: args.granularity, zone, starts, period}
        const {value} = await reads.series(content, plan)
        return value.map(({start, metrics}) => ({start: msToIso(start), metrics}))
      },
      breakdown: async (
        content: Content,
        args: {dimension: 'event_type' | 'device' | 'content_type'; period?: string | null},
      ) => (await reads.breakdown(content, args.dimension, periodOf(args.period))).value,
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
  }
}

/** Asked once for all that a document names, whatever the number of contents. */
function loaders({reads, db}: GraphqlDeps): MercuriusLoaders {
  return {
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
        const found = new Map((await readContents(db, [...ids])).map(one => [one.id, one]))
        return queries.map(({obj}) => found.get(obj.content_id ?? '') ?? null)
      },
    },
  }
}

/** Messages of a live channel as GraphQL wants them; ends when the stream ends. */
async function* liveMetrics(hub: Hub, reads: Reads, content: Content): AsyncGenerator {
  const stream = hub.open(`content:${content.id}`, {address: 'graphql'})
  const wake = new EventEmitter()
  stream.onEnd(() => wake.emit('data'))
  stream.body.on('data', () => wake.emit('data'))
  try {
    const sent = new Set<string>()
    while (!stream.ended) {
      const {value} = await reads.totals([content])
      const metrics = value.get(content.id)
      const text = JSON.stringify(metrics)
      if (!sent.has(text)) {
        sent.clear()
        sent.add(text)
        yield {content_metrics: {content, metrics}}
      }
      await new Promise(resolve => wake.once('data', resolve))
    }
  } finally {
    stream.body.destroy()
  }
}

function subscriptions({reads, hub}: GraphqlDeps): IResolvers {
  return {
    Subscription: {
      content_metrics: {
        subscribe: async (_root, {id}: {id: string}) => {
          const content = await reads.content(checkId(id))
          if (content === undefined) throw refuse('argument', 'id', id, 'there is no such content')
          return liveMetrics(hub, reads, content) as never
        },
      },
    },
  } as IResolvers
}

export async function addGraphql(app: Api, deps: GraphqlDeps): Promise<void> {
  await app.register(mercurius, {
    schema: SDL,
    resolvers: {...queryResolvers(deps), ...subscriptions(deps)},
    loaders: loaders(deps),
    graphiql: !deps.production,
    allowBatchedQueries: false,
    queryDepth: 12,
    jit: 1,
    subscription: {keepAlive: 15_000, fullWsTransport: false},
    errorFormatter(execution, context) {
      const shown = mercurius.defaultErrorFormatter(execution, context)
      const errors = (execution.errors ?? []).map((error, index) => {
        const cause = error.originalError
        if (cause instanceof Problem) {
          return {
            message: cause.message,
            path: error.path,
            extensions: {code: cause.kind, errors: cause.errors},
          }
        }
        const isOurs = cause === undefined || cause === null || 'statusCode' in cause
        if (isOurs || error instanceof mercurius.ErrorWithProps)
          return shown.response.errors?.[index] ?? error
        app.log.error({err: cause}, 'graphql failed')
        return {message: 'the failure is in the log', path: error.path}
      })
      return {
        statusCode:
          execution.data === null || execution.data === undefined ? shown.statusCode : 200,
        response: {data: execution.data ?? null, errors: errors as never},
      }
    },
  })
  app.graphql.addHook('preExecution', async (_schema, document, _context, variables) => {
    checkCost(document, variables)
    return await Promise.resolve()
  })
}

/** Every metric can be asked for by its name. */
export const GRAPHQL_METRICS = METRIC_NAMES

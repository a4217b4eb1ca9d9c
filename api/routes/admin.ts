/** The pipeline from inside, for administrators: topics, schemas, groups, lanes, one event's way. */
import {deadLetterTopic, topicName, valueSubject} from '../../contracts/topics.ts'
import {STREAMS} from '../../contracts/streams.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import type {Registry} from '../../platform/registry.ts'
import type {Api} from '../app.ts'
import type {Session} from '../database.ts'
import {parseInstant} from '../period.ts'
import type {DeadLetters} from '../pipeline/dead-letters.ts'
import type {Inspector} from '../pipeline/inspector.ts'
import type {LagWatch} from '../pipeline/lag.ts'
import {readProcessor, readService} from '../pipeline/services.ts'
import type {createTrace} from '../pipeline/trace.ts'
import {notFound} from '../problem.ts'
import {
  DeadLetterList,
  DeadLetterOutcome,
  DeadLetterParams,
  GroupList,
  MessageList,
  MessagesQuery,
  PipelineView,
  SchemaList,
  SubjectParams,
  SubjectView,
  TopicList,
  TopicParams,
  TopicView,
  Trace,
  TraceParams,
} from '../schemas/admin.ts'
import {answers, CLOSED, limitOf} from '../schemas/common.ts'
import {Type} from 'typebox'

export interface AdminDeps {
  readonly db: Session
  readonly admin: () => Promise<KafkaAdmin>
  readonly registry: Registry
  readonly inspector: Inspector
  readonly lag: LagWatch
  readonly deadLetters: DeadLetters
  readonly trace: ReturnType<typeof createTrace>
  /** Asks each store and says how long it took. */
  readonly checkStores: () => Promise<
    readonly {readonly name: string; readonly ok: boolean; readonly milliseconds: number | null}[]
  >
}

export interface AdminOptions {
  readonly topicPrefix: string
  readonly processorGroupId: string
  readonly relayUrls: readonly string[]
  readonly processorUrls: readonly string[]
}

const CONFIG = {scope: 'admin'} as const
const TAGS = ['admin']

/** Kafka's own topics are not ours to show. */
const isInternal = (topic: string): boolean => topic.startsWith('__')

/** Asked first: the client would look for an unknown topic again and again. @throws 404 */
async function requireTopic(kafka: KafkaAdmin, topic: string): Promise<void> {
  const topics = await kafka.listTopics()
  if (!topics.some(one => one.topic === topic)) throw notFound('topic', topic)
}

export function addAdminRoutes(app: Api, deps: AdminDeps, options: AdminOptions): void {
  addTopics(app, deps)
  addSchemas(app, deps)
  addFlow(app, deps, options)
  addDeadLetters(app, deps)
  app.get(
    '/v1/admin/trace/:stream/:id',
    {
      config: CONFIG,
      schema: {
        tags: TAGS,
        summary: 'The way of one event, with the time at each stage',
        params: TraceParams,
        response: answers({200: Trace}),
      },
    },
    async ({params}) => {
      const {stages, commit_to_visible_ms: visible} = await deps.trace(params.stream, params.id)
      return {
        stream: params.stream,
        event_id: params.id,
        stages: [...stages],
        commit_to_visible_ms: visible,
      }
    },
  )
}

function addTopics(app: Api, {admin, inspector, registry}: AdminDeps): void {
  app.get(
    '/v1/admin/topics',
    {
      config: CONFIG,
      schema: {tags: TAGS, summary: 'All topics', response: answers({200: TopicList})},
    },
    async () => {
      const kafka = await admin()
      const topics = (await kafka.listTopics()).filter(({topic}) => !isInternal(topic))
      const items = await Promise.all(
        topics.map(async ({topic, partitions}) => {
          const offsets = await kafka.offsets(topic).catch(() => null)
          const records = offsets?.reduce((sum, {begin, end}) => sum + end - begin, 0) ?? null
          return {topic, partitions, records}
        }),
      )
      return {items: items.toSorted((a, b) => (a.topic < b.topic ? -1 : 1))}
    },
  )

  app.get(
    '/v1/admin/topics/:topic',
    {
      config: CONFIG,
      schema: {
        tags: TAGS,
        summary: 'Partitions and configuration of a topic',
        params: TopicParams,
        response: answers({200: TopicView}, ['not-found']),
      },
    },
    async ({params: {topic}}) => {
      const kafka = await admin()
      await requireTopic(kafka, topic)
      const partitions = await kafka.offsets(topic)
      const [config, subjects] = await Promise.all([
        kafka.topicConfig(topic),
        registry.subjects().catch(() => []),
      ])
      const subject = subjects.find(name => name === valueSubject(topic)) ?? null
      return {topic, partitions: [...partitions], config: {...config}, subject}
    },
  )

  app.get(
    '/v1/admin/topics/:topic/messages',
    {
      config: CONFIG,
      schema: {
        tags: TAGS,
        summary: 'Records of a topic, decoded, with their bytes',
        description: 'By offset, time or key. A record that cannot be decoded says why.',
        params: TopicParams,
        querystring: MessagesQuery,
        response: answers({200: MessageList}, ['not-found']),
      },
    },
    async ({params: {topic}, query}) => {
      const {offset, since, key} = query
      const upwards = offset !== undefined || since !== undefined
      const request = {
        topic,
        partition: query.partition,
        offset,
        since: since === undefined ? undefined : parseInstant('since', since, 'UTC'),
        key,
        limit: query.limit ?? 50,
        newestFirst: (query.order ?? 'newest') === 'newest' && !upwards,
      }
      await requireTopic(await admin(), topic)
      const found = await inspector.messages(request)
      const items = found.items.map(item => ({...item, headers: {...item.headers}}))
      return {items, partitions: [...found.partitions], incomplete: found.incomplete}
    },
  )
}

function addSchemas(app: Api, {registry}: AdminDeps): void {
  app.get(
    '/v1/admin/schemas',
    {
      config: CONFIG,
      schema: {
        tags: TAGS,
        summary: 'Subjects of the registry',
        response: answers({200: SchemaList}),
      },
    },
    async () => {
      const subjects = await registry.subjects()
      const items = await Promise.all(
        subjects.map(async subject => ({
          subject,
          versions: [...(await registry.versions(subject))],
        })),
      )
      return {items: items.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))}
    },
  )

  app.get(
    '/v1/admin/schemas/:subject',
    {
      config: CONFIG,
      schema: {
        tags: TAGS,
        summary: 'All versions of a subject',
        params: SubjectParams,
        response: answers({200: SubjectView}, ['not-found']),
      },
    },
    async ({params: {subject}}) => {
      if (!(await registry.subjects()).includes(subject)) throw notFound('subject', subject)
      const numbers = await registry.versions(subject)
      const versions = await Promise.all(
        numbers.map(async version => ({version, ...(await registry.version(subject, version))})),
      )
      return {subject, versions}
    },
  )
}

interface LaneRow {
  readonly lane: number
  readonly lanes: number
  readonly epoch: string
  readonly owner: string | null
  readonly updated_at: string | null
}

async function readLanes(db: Session): Promise<readonly LaneRow[]> {
  const {rows} = await db.query<LaneRow>(
    `SELECT lane, lanes, epoch::text AS epoch, owner,
            to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at
     FROM cdc.relay_cursor ORDER BY lane`,
  )
  return rows
}

function addFlow(app: Api, deps: AdminDeps, options: AdminOptions): void {
  const {admin, db, lag} = deps
  app.get(
    '/v1/admin/groups',
    {
      config: CONFIG,
      schema: {
        tags: TAGS,
        summary: 'Consumer groups and their lag',
        response: answers({200: GroupList}),
      },
    },
    async () => {
      const kafka = await admin()
      const groups = await kafka.listGroups()
      const topics = STREAMS.map(({topic}) => topicName(options.topicPrefix, topic))
      const ends = new Map(
        await Promise.all(
          topics.map(async topic => [topic, await kafka.offsets(topic).catch(() => [])] as const),
        ),
      )
      const items = await Promise.all(
        groups.map(async group => {
          const lists = await Promise.all(
            topics.map(topic => kafka.groupOffsets(group, topic).catch(() => [])),
          )
          const partitions = lists.flat().flatMap(({topic, partition, offset}) => {
            const end = ends.get(topic)?.find(one => one.partition === partition)?.end
            if (offset < 0 || end === undefined) return []
            return [{topic, partition, committed: offset, end, lag: Math.max(0, end - offset)}]
          })
          return {group, lag: partitions.reduce((sum, one) => sum + one.lag, 0), partitions}
        }),
      )
      return {items: items.toSorted((a, b) => (a.group < b.group ? -1 : 1))}
    },
  )

  app.get(
    '/v1/admin/pipeline',
    {
      config: CONFIG,
      schema: {
        tags: TAGS,
        summary: 'Every stage: what waits, who owns, how far behind',
        response: answers({200: PipelineView}),
      },
    },
    async (): Promise<PipelineView> => {
      const [view, lanes, stores, services, letters] = await Promise.all([
        lag.read(),
        readLanes(db).catch(() => []),
        deps.checkStores(),
        Promise.all([
          ...options.relayUrls.map(url => readService('ingestor', url)),
          ...options.processorUrls.map(url => readProcessor(url)),
        ]),
        deps.deadLetters.count(),
      ])
      return {
        outbox: {unpublished: view.outboxUnpublished, oldest_seconds: view.outboxOldestSeconds},
        lanes: [...lanes],
        partitions: [...view.partitions],
        lag_records: view.records,
        stores: [...stores],
        services,
        dead_letters: letters,
      }
    },
  )
}

function addDeadLetters(app: Api, {deadLetters}: AdminDeps): void {
  app.get(
    '/v1/admin/dead-letters',
    {
      config: CONFIG,
      schema: {
        tags: TAGS,
        summary: 'What could not be published or applied, newest first',
        description: `Rows of the outbox, and records of the topics that end in ${deadLetterTopic('')}.`,
        querystring: Type.Object({limit: Type.Optional(limitOf(50, 500))}, CLOSED),
        response: answers({200: DeadLetterList}),
      },
    },
    async ({query}) => ({items: [...(await deadLetters.list(query.limit ?? 50))]}),
  )
  for (const [verb, resolution] of [
    ['redrive', 'redriven'],
    ['discard', 'discarded'],
  ] as const) {
    app.post(
      `/v1/admin/dead-letters/:id/${verb}`,
      {
        config: CONFIG,
        schema: {
          tags: TAGS,
          summary:
            verb === 'redrive'
              ? 'Read the row again and publish it through the outbox'
              : 'Decide that the dead letter needs nothing more',
          params: DeadLetterParams,
          response: answers({200: DeadLetterOutcome}, ['not-found', 'conflict']),
        },
      },
      async ({params: {id}}) => {
        await deadLetters[verb](id)
        return {id, resolution}
      },
    )
  }
}

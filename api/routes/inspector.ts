/** Topics with their records, and schemas, for administrators. */
import type {Static} from 'typebox'
import {valueSubject} from '../../contracts/topics.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import type {Api} from '../app.ts'
import {columnsOf, toJsonCell} from '../csv.ts'
import {parseInstant} from '../period.ts'
import {notFound} from '../problem.ts'
import {
  Message,
  MessageList,
  MessagesQuery,
  SchemaList,
  SubjectParams,
  SubjectSummary,
  SubjectView,
  TopicList,
  TopicParams,
  TopicSummary,
  TopicView,
} from '../schemas/admin.ts'
import type {AdminDeps} from './admin.ts'
import {ADMIN, optionsOf} from './options.ts'

/** Kafka's own topics are not ours to show. */
const isInternal = (topic: string): boolean => topic.startsWith('__')

/** Asked first: the client would look for an unknown topic again and again. @throws 404 */
async function requireTopic(kafka: KafkaAdmin, topic: string): Promise<void> {
  const topics = await kafka.listTopics()
  if (!topics.some(one => one.topic === topic)) throw notFound('topic', topic)
}

export function addInspectorRoutes(app: Api, deps: AdminDeps): void {
  addTopics(app, deps)
  addSchemas(app, deps)
}

function addTopics(app: Api, {admin, inspector, registry}: AdminDeps): void {
  app.get(
    '/v1/admin/topics',
    optionsOf('admin', ADMIN, {
      operationId: 'listTopics',
      summary: 'All topics',
      response: {200: TopicList},
      csv: ({items}: Static<typeof TopicList>) => ({
        columns: columnsOf(TopicSummary),
        rows: items,
      }),
    }),
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
    optionsOf('admin', ADMIN, {
      operationId: 'getTopic',
      summary: 'Partitions and configuration of a topic',
      params: TopicParams,
      response: {200: TopicView},
      problems: ['not-found'],
    }),
    async ({params: {topic}}) => {
      const kafka = await admin()
      await requireTopic(kafka, topic)
      const partitions = await kafka.offsets(topic)
      const [config, subjects] = await Promise.all([
        kafka.topicConfig(topic),
        registry.subjects().catch(() => []),
      ])
      const subject = subjects.find(name => name === valueSubject(topic)) ?? null
      return {topic, partitions, config, subject}
    },
  )

  app.get(
    '/v1/admin/topics/:topic/messages',
    optionsOf('admin', ADMIN, {
      operationId: 'listMessages',
      summary: 'Records of a topic, decoded, with their bytes',
      description: 'By offset, time or key. A record that cannot be decoded says why.',
      params: TopicParams,
      querystring: MessagesQuery,
      response: {200: MessageList},
      problems: ['not-found'],
      csv: ({items}: Static<typeof MessageList>) => ({
        columns: columnsOf(Message),
        rows: items.map(message => ({...message, value: toJsonCell(message.value)})),
      }),
    }),
    async ({params: {topic}, query}) => {
      const {partition, offset, since, key, order = 'newest', limit = 50} = query
      const request = {
        topic,
        partition,
        offset,
        since: since === undefined ? undefined : parseInstant('since', since, 'UTC'),
        key,
        limit,
        newestFirst: order === 'newest' && offset === undefined && since === undefined,
      }
      await requireTopic(await admin(), topic)
      return await inspector.messages(request)
    },
  )
}

function addSchemas(app: Api, {registry}: AdminDeps): void {
  app.get(
    '/v1/admin/schemas',
    optionsOf('admin', ADMIN, {
      operationId: 'listSubjects',
      summary: 'Subjects of the registry',
      response: {200: SchemaList},
      csv: ({items}: Static<typeof SchemaList>) => ({
        columns: columnsOf(SubjectSummary),
        rows: items,
      }),
    }),
    async () => {
      const subjects = await registry.subjects()
      const items = await Promise.all(
        subjects.map(async subject => ({subject, versions: await registry.versions(subject)})),
      )
      return {items: items.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))}
    },
  )

  app.get(
    '/v1/admin/schemas/:subject',
    optionsOf('admin', ADMIN, {
      operationId: 'getSubject',
      summary: 'All versions of a subject',
      params: SubjectParams,
      response: {200: SubjectView},
      problems: ['not-found'],
    }),
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

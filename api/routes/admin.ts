/** The pipeline from inside, for administrators: topics, schemas, groups, lanes, one event's way. */
import type {Static} from 'typebox'
import {topicName} from '../../contracts/topics.ts'
import type {Stream} from '../../contracts/stream.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import type {Registry} from '../../platform/registry.ts'
import type {Api} from '../app.ts'
import {columnsOf, toJsonCell} from '../csv.ts'
import {utcText, type Session} from '../database.ts'
import type {DeadLetters} from '../pipeline/dead-letters.ts'
import type {Health} from '../pipeline/health.ts'
import type {Inspector} from '../pipeline/inspector.ts'
import type {LagWatch} from '../pipeline/lag.ts'
import type {Checks} from '../readiness.ts'
import {parseId} from '../reads/events.ts'
import type {Stores} from '../reads/stores.ts'
import {readProcessor, readService} from '../pipeline/services.ts'
import type {createTrace} from '../pipeline/trace.ts'
import {GroupList, PartitionLag, PipelineView, Stage, Trace, TraceParams} from '../schemas/admin.ts'
import {addBackfillRoutes} from './backfills.ts'
import {addDeadLetterRoutes} from './dead-letters.ts'
import {addInspectorRoutes} from './inspector.ts'
import {ADMIN, optionsOf} from './options.ts'

export interface AdminDeps {
  readonly db: Session
  readonly admin: () => Promise<KafkaAdmin>
  readonly registry: Registry
  readonly inspector: Inspector
  readonly lag: LagWatch
  readonly deadLetters: DeadLetters
  readonly trace: ReturnType<typeof createTrace>
  readonly streams: readonly Stream[]
  readonly planOf: Stores['plan']
  /** Asks each store and says how long it took. */
  readonly checkStores: Checks
  readonly health: Health
}

export interface AdminOptions {
  readonly topicPrefix: string
  readonly processorGroupId: string
  readonly relayUrls: readonly string[]
  readonly processorUrls: readonly string[]
  readonly workerUrls: readonly string[]
}

export function addAdminRoutes(app: Api, deps: AdminDeps, options: AdminOptions): void {
  addInspectorRoutes(app, deps)
  addFlow(app, deps, options)
  addDeadLetterRoutes(app, deps)
  addBackfillRoutes(app, deps.db)
  app.get(
    '/v1/admin/trace/:stream/:id',
    optionsOf('admin', ADMIN, {
      operationId: 'getTrace',
      summary: 'The way of one event, with the time at each stage',
      params: TraceParams,
      response: {200: Trace},
      problems: ['not-found'],
      csv: ({stages}: Static<typeof Trace>) => ({
        columns: columnsOf(Stage),
        rows: stages.map(stage => ({...stage, data: toJsonCell(stage.data)})),
      }),
    }),
    async ({params}) => {
      const plan = deps.planOf(params.stream)
      const id = parseId(plan, params.id)
      const found = await deps.trace(plan.stream, id)
      return {stream: params.stream, event_id: id, ...found}
    },
  )
}

async function readLanes(db: Session): Promise<readonly PipelineView['lanes'][number][]> {
  const {rows} = await db.query<PipelineView['lanes'][number]>(
    `SELECT lane, lanes, epoch::text AS epoch, owner, ${utcText('updated_at')}
     FROM cdc.relay_cursor ORDER BY lane`,
  )
  return rows
}

function addFlow(app: Api, deps: AdminDeps, options: AdminOptions): void {
  const {admin, db, lag} = deps
  app.get(
    '/v1/admin/groups',
    optionsOf('admin', ADMIN, {
      operationId: 'listConsumerGroups',
      summary: 'Consumer groups and their lag',
      response: {200: GroupList},
      csv: ({items}: Static<typeof GroupList>) => ({
        columns: ['group', ...columnsOf(PartitionLag)],
        rows: items.flatMap(({group, partitions}) => partitions.map(one => ({group, ...one}))),
      }),
    }),
    async () => {
      const kafka = await admin()
      const groups = await kafka.listGroups()
      const topics = deps.streams.map(({topic}) => topicName(options.topicPrefix, topic))
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
    optionsOf('admin', ADMIN, {
      operationId: 'getPipeline',
      summary: 'Every stage: what waits, who owns, how far behind',
      response: {200: PipelineView},
    }),
    async (): Promise<PipelineView> => {
      const [view, lanes, stores, services, letters, share, {reconciliations}] = await Promise.all([
        lag.read(),
        readLanes(db).catch(() => []),
        deps.checkStores(),
        Promise.all([
          ...options.relayUrls.map(url => readService('ingestor', url)),
          ...options.processorUrls.map(url => readProcessor(url)),
          ...options.workerUrls.map(url => readService('worker', url)),
        ]),
        deps.deadLetters.count(),
        deps.deadLetters.share(),
        deps.health.read(),
      ])
      return {
        outbox: {unpublished: view.outboxUnpublished, oldest_seconds: view.outboxOldestSeconds},
        lanes: [...lanes],
        partitions: [...view.partitions],
        lag_records: view.records,
        stores: [...stores],
        services,
        dead_letters: {...letters, share},
        reconciliations: reconciliations.told ? [...reconciliations.value] : null,
      }
    },
  )
}

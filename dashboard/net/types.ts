/** Names for the API's answers, and their parts, as the pages use them. Written by the API, not here. */
import type {AnswerOf} from '../../client/client.ts'

type ItemOf<T extends {readonly items: readonly unknown[]}> = T['items'][number]

export type ContentMetrics = AnswerOf<'GET /v1/content/{id}/metrics'>
export type Content = ContentMetrics['content']
export type Metrics = ContentMetrics['metrics']
export type Series = AnswerOf<'GET /v1/content/{id}/timeseries'>
export type Activity = ItemOf<AnswerOf<'GET /v1/users/{id}/activity'>>
export type UserDay = ItemOf<AnswerOf<'GET /v1/users/{id}/days'>>

export type Stream = ItemOf<AnswerOf<'GET /v1/streams'>>
export type StreamRollup = Stream['rollups'][number]
export type StreamWindow = Stream['top'][number]
export type StreamTop = AnswerOf<'GET /v1/streams/{stream}/top'>
export type StreamEvent = ItemOf<AnswerOf<'GET /v1/streams/{stream}/events'>>
export type Meta = StreamTop['meta']

/** One second of the whole platform: also the message of its stream. */
export type Overview = AnswerOf<'GET /v1/platform'>
/** What the server remembers of the last half hour: the first message of that stream. */
export type OverviewHistory = AnswerOf<'GET /v1/platform/history'>
export type OverviewPoint = OverviewHistory['points'][number]

export type Pipeline = AnswerOf<'GET /v1/admin/pipeline'>
export type PartitionLag = Pipeline['partitions'][number]
export type Store = Pipeline['stores'][number]
export type Service = Pipeline['services'][number]
export type Reconciliation = NonNullable<Pipeline['reconciliations']>[number]
export type Verdict = AnswerOf<'GET /v1/platform/health'>
export type Finding = Verdict['findings'][number]
export type Message = ItemOf<AnswerOf<'GET /v1/admin/topics/{topic}/messages'>>
export type SubjectVersions = AnswerOf<'GET /v1/admin/schemas/{subject}'>
export type DeadLetter = ItemOf<AnswerOf<'GET /v1/admin/dead-letters'>>
export type Backfill = ItemOf<AnswerOf<'GET /v1/admin/backfills'>>
export type DeadLetterGroup = AnswerOf<'GET /v1/admin/dead-letters'>['groups'][number]
export type Schedule = ItemOf<AnswerOf<'GET /v1/admin/schedules'>>
export type JobRun = ItemOf<AnswerOf<'GET /v1/admin/schedules/{job}/runs'>>
export type Alert = ItemOf<AnswerOf<'GET /v1/alerts'>>
export type AlertRule = ItemOf<AnswerOf<'GET /v1/alerts/rules'>>
export type AlertChannel = ItemOf<AnswerOf<'GET /v1/alerts/channels'>>
export type AlertDelivery = ItemOf<AnswerOf<'GET /v1/alerts/deliveries'>>
export type Change = ItemOf<AnswerOf<'GET /v1/insight/changes'>>
export type Cohort = AnswerOf<'GET /v1/insight/cohorts'>['cohorts'][number]
export type LeavingUser = AnswerOf<'GET /v1/insight/cohorts'>['leaving'][number]
export type RisingItem = ItemOf<AnswerOf<'GET /v1/insight/rising'>>
export type Trace = AnswerOf<'GET /v1/admin/trace/{stream}/{id}'>

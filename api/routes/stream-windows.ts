/** Live windows of streams, and what they show of any period: the most of a metric, distinct values. */
import type {Static} from 'typebox'
import type {StreamPlan} from '../../readmodel/plan.ts'
import type {Api} from '../app.ts'
import {refuse} from '../problem.ts'
import type {Answered} from '../reads/reads.ts'
import {checkTop, rankWindow, type TopAsked, type TopKey} from '../reads/stream-tops.ts'
import {roundAll} from '../rounding.ts'
import {AfterOnlyQuery} from '../schemas/common.ts'
import {StreamActive, StreamParams, StreamTop, StreamTopQuery} from '../schemas/streams.ts'
import {isoStretch, type PeriodQuery} from './asked.ts'
import {LIVE_STORE, STORED} from './metrics.ts'
import {optionsOf, READ} from './options.ts'
import {metricBy, metricsBy, rollupOf, stretchOf, type StreamDeps} from './stream-asked.ts'
import {activeTable, topTable} from './stream-tables.ts'

interface TopQuery extends PeriodQuery {
  readonly by: string
  readonly metric?: string
  readonly metrics?: readonly string[]
  readonly limit?: number
}

interface AskedTop {
  readonly params: {readonly stream: string}
  readonly query: TopQuery
}

interface TopAnswer extends Answered<readonly TopKey[]> {
  readonly period: {readonly from: number | null; readonly to: number}
}

/** What is asked, and how it is read: the declared window, or with a period every row of the rollup. */
export function topOf(
  {tops}: Pick<StreamDeps, 'tops'>,
  plan: StreamPlan,
  query: TopQuery,
): {readonly asked: TopAsked; readonly isLive: boolean; readonly read: () => Promise<TopAnswer>} {
  const {by, limit = 10} = query
  const isAny = query.period === undefined && query.from === undefined && query.to === undefined
  const window = isAny ? plan.tops.find(top => top.by === by) : undefined
  const of = window ?? rollupOf(plan, by)
  const asked = {
    metric: metricBy(by, of, query.metric),
    metrics: metricsBy(by, of, query.metrics),
    limit,
  }
  if (window !== undefined) {
    const read = async (): Promise<TopAnswer> => {
      const {value, meta} = await tops.window(plan.stream.name, window)
      const {at, totals} = value
      const period = {from: at - window.seconds * 1000, to: at}
      return {value: rankWindow(totals, asked), meta, period}
    }
    return {asked, isLive: true, read}
  }
  const rollup = rollupOf(plan, by)
  const {period, slices} = stretchOf(rollup, query)
  checkTop(rollup, slices)
  const read = async (): Promise<TopAnswer> => {
    return {...(await tops.ofRollup(rollup, slices, asked)), period}
  }
  return {asked, isLive: false, read}
}

export function addStreamTop(app: Api, {stores, tops, readAfter}: StreamDeps): void {
  app.get(
    '/v1/streams/:stream/top',
    optionsOf('streams', READ, {
      operationId: 'getStreamTop',
      summary: 'Keys with the most of a metric: in the live window, or in any period',
      description:
        'Without a period: the declared window, in steps of ten seconds. With one: every key as it is stored. `metrics` are told of each key, beside what is compared.',
      params: StreamParams,
      querystring: StreamTopQuery,
      response: {200: StreamTop},
      csv: (answer: Static<typeof StreamTop>, {params, query}: AskedTop) =>
        topTable(answer, topOf({tops}, stores.plan(params.stream), query).asked.metrics),
      problems: ['not-found'],
    }),
    async ({params: {stream}, query}, reply) => {
      const {asked, isLive, read} = topOf({tops}, stores.plan(stream), query)
      const answer = await readAfter(query, isLive ? LIVE_STORE : STORED, reply, read)
      if (answer === undefined) return reply
      const {value, meta, period} = answer
      const items = value.map(({key, ...row}) => ({key, ...roundAll(row, query.decimals)}))
      return {stream, by: query.by, metric: asked.metric, ...isoStretch(period), items, meta}
    },
  )
}

export function addStreamActive(app: Api, {stores, tops, readAfter}: StreamDeps): void {
  app.get(
    '/v1/streams/:stream/active',
    optionsOf('streams', READ, {
      operationId: 'getStreamActive',
      summary: 'Distinct values in the live window',
      params: StreamParams,
      querystring: AfterOnlyQuery,
      response: {200: StreamActive},
      csv: activeTable,
      problems: ['not-found'],
    }),
    async ({params: {stream}, query}, reply) => {
      const {actives, stream: declared} = stores.plan(stream)
      const [window] = actives
      if (window === undefined) {
        throw refuse('path', 'stream', stream, 'has no window of active values')
      }
      const answer = await readAfter(query, LIVE_STORE, reply, () => tops.active(stream, window))
      if (answer === undefined) return reply
      const {value, meta} = answer
      const {of} = declared.active[0]!
      return {stream, of, window_seconds: window.seconds, active: value, meta}
    },
  )
}

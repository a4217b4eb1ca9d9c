/** Live windows of streams, and what they show of any period: the most of a metric, distinct values. */
import {metricNames, type RollupPlan} from '../../readmodel/plan.ts'
import {Tally} from '../../readmodel/tally.ts'
import type {Api} from '../app.ts'
import {figuresOf, type Figure} from '../measures.ts'
import {refuse} from '../problem.ts'
import {readOptions} from '../reads/figures.ts'
import {partsOf} from '../reads/parts.ts'
import {checkScan, scanKeys} from '../reads/question.ts'
import {readFrom} from '../reads/stores.ts'
import {roundAll} from '../rounding.ts'
import {AfterOnlyQuery} from '../schemas/common.ts'
import {StreamActive, StreamParams, StreamTop, StreamTopQuery} from '../schemas/streams.ts'
import {isoStretch} from './asked.ts'
import {LIVE_STORE, STORED} from './metrics.ts'
import {optionsOf, READ} from './options.ts'
import {
  ofKeyPart,
  partsOfKey,
  quoted,
  rollupOf,
  stretchOf,
  type StreamDeps,
} from './stream-asked.ts'
import {activeTable, topTable} from './stream-tables.ts'

const KEYS_MAX = 100_000

function compareFigures(a: Figure, b: Figure): number {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? 1 : -1
  return a > b ? -1 : 1
}

/** Which measure of a rollup or window is asked for; its first when left out. */
function metricOf(names: readonly string[], wanted: string | undefined, by: string): string {
  if (wanted === undefined) return names[0]!
  if (names.includes(wanted)) return wanted
  throw refuse('query', 'metric', wanted, `by ${by} there are ${quoted(names)}`)
}

export function addStreamTop(app: Api, {stores, readAfter}: StreamDeps): void {
  app.get(
    '/v1/streams/:stream/top',
    optionsOf('streams', READ, {
      operationId: 'getStreamTop',
      summary: 'Keys with the most of a metric: in the live window, or in any period',
      description:
        'Without a period: the declared window, in steps of ten seconds. With one: every key as it is stored.',
      params: StreamParams,
      querystring: StreamTopQuery,
      response: {200: StreamTop},
      csv: topTable,
      problems: ['not-found'],
    }),
    async ({params: {stream}, query}, reply) => {
      const plan = stores.plan(stream)
      const {by, limit = 10} = query
      const isAny = query.period === undefined && query.from === undefined && query.to === undefined
      const window = isAny ? plan.tops.find(top => top.by === by) : undefined
      const rollup = window === undefined ? rollupOf(plan, by) : undefined
      const metric = metricOf(metricNames(window ?? rollup!), query.metric, by)
      const stretch = rollup && stretchOf(rollup, query)
      const parts = rollup && stretch?.slices ? partsOf(rollup, stretch.slices) : null
      checkScan(parts, 'query', 'period')
      let now = 0
      const read = () =>
        readFrom(stores, {what: 'stream-top', stream}, async reads => {
          now = Date.now()
          if (window !== undefined) {
            const {totals, source} = await reads.window(window, Math.floor(now / 1000))
            const all = [...totals].filter(([, sums]) => sums.events > 0)
            const figures = all.map(([key, sums]) => {
              return {key: [ofKeyPart(key)], value: sums.values()[metric] ?? null}
            })
            return {value: figures, source}
          }
          const names = namesFor(rollup!, metric)
          const tallies = new Map<string, Tally>()
          const how = {parts, ...readOptions(rollup!, names)}
          await scanKeys(reads.rollup(rollup!), how, (key, {bucket, valuesOf}) => {
            let tally = tallies.get(key)
            if (tally === undefined) tallies.set(key, (tally = new Tally(rollup!, names)))
            if (tallies.size > KEYS_MAX) {
              throw refuse('query', 'by', by, `has more than ${KEYS_MAX} keys in this period`)
            }
            tally.add(bucket, valuesOf)
          })
          const figures = [...tallies].map(([key, tally]) => {
            return {key: partsOfKey(rollup!, key), value: figuresOf(tally)[metric] ?? null}
          })
          return {value: figures, source: 'cassandra' as const, isScan: true}
        })
      const answer = await readAfter(query, window === undefined ? STORED : LIVE_STORE, reply, read)
      if (answer === undefined) return reply
      const {value, meta} = answer
      const items = value
        .filter(one => one.value !== null && one.value !== 0)
        .toSorted(
          (a, b) => compareFigures(a.value, b.value) || (String(a.key) < String(b.key) ? -1 : 1),
        )
        .slice(0, limit)
        .map((one, i) => ({rank: i + 1, key: one.key, value: roundAll(one.value, query.decimals)}))
      const period = stretch?.period ?? {from: now - window!.seconds * 1000, to: now}
      return {stream, by, metric, ...isoStretch(period), items, meta}
    },
  )
}

/** Measures that a served name is made of. */
const namesFor = ({measures}: RollupPlan, metric: string): ReadonlySet<string> =>
  new Set([
    metric,
    ...measures.flatMap(({name, measure}) => (measure.kind === 'quantiles' ? [name] : [])),
  ])

export function addStreamActive(app: Api, {stores, readAfter}: StreamDeps): void {
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
      const read = () =>
        readFrom(stores, {what: 'stream-active', stream}, async reads => {
          const {totals, source} = await reads.window(window, Math.floor(Date.now() / 1000))
          return {value: totals.get('')?.values()['active'] ?? 0, source}
        })
      const answer = await readAfter(query, LIVE_STORE, reply, read)
      if (answer === undefined) return reply
      const {value, meta} = answer
      const {of} = declared.active[0]!
      return {stream, of, window_seconds: window.seconds, active: value, meta}
    },
  )
}

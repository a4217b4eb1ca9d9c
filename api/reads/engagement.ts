/** Figures and events of contents, from whichever store has them. */
import {textOf} from '../../readmodel/fields.ts'
import type {Tally} from '../../readmodel/tally.ts'
import {valueOfSplitText} from '../../readmodel/places.ts'
import {contentFigures, namesForContents, type MetricValues} from '../measures.ts'
import {refuse} from '../problem.ts'
import {createQuestions} from '../query/read.ts'
import type {Content} from '../schemas/content.ts'
import type {EventView} from '../schemas/events.ts'
import {contentRollup, createContents, STREAM, type EngagementDeps} from './contents.ts'
import {findEvent, listEvents, type ServedEvent} from './events.ts'
import {readFigures, type FiguresQuestion} from './figures.ts'
import {wholeBuckets} from './parts.ts'
import type {Reads, SeriesBucket} from './reads.ts'
import {retentionOf} from './retention.ts'
import {readFrom} from './stores.ts'
import {createTop} from './top.ts'
import type {UserReads} from './users.ts'
import {createViews} from './views.ts'

/** Parts that an event of other tables may lack. */
const NONE = {
  device: null,
  raw_payload: null,
  content_type: null,
  length_seconds: null,
  engagement_pct: null,
} as const

/** Ids as text, whatever they are in their table; only that of the event is a number where it is one. */
function toEventView(event: ServedEvent): EventView {
  const {content_id: content, user_id: user} = event
  const ids = {content_id: content && textOf(content), user_id: user && textOf(user)}
  return {...NONE, ...event, ...ids} as EventView
}

export function createEngagementReads(deps: EngagementDeps): Omit<Reads, keyof UserReads> {
  const {stores} = deps
  const from = (what: string) => ({what, stream: STREAM})
  const viewOf = createViews()
  const figuresOf = ({length_seconds: length}: Content, tally: Tally): MetricValues =>
    contentFigures(tally, [{length, tally}])

  const read = async (one: Content, question: Omit<FiguresQuestion, 'rollup'>) => {
    const asked = {rollup: contentRollup(stores), ...question}
    const reads = await stores.reads(STREAM)
    return await readFigures(reads, await viewOf(reads, {...asked, key: one.id}), asked)
  }
  const slicesOf = ({from: start, to}: {readonly from: number | null; readonly to: number}) =>
    start === null ? null : [wholeBuckets(contentRollup(stores), start, to)]

  return {
    contents: deps.contents,
    content: createContents(deps),
    totals: contents =>
      readFrom(stores, from('totals'), async () => {
        const all = await Promise.all(contents.map(one => read(one, {slices: null})))
        const newest = all.flatMap(({newestMicros}) => newestMicros ?? [])
        return {
          value: new Map(contents.map((one, i) => [one.id, figuresOf(one, all[i]!.wholeOf(0))])),
          source: all.every(({source}) => source === 'redis') ? 'redis' : 'cassandra',
          isFresh: all.every(one => one.isFresh ?? stores.isLive(STREAM)),
          newestMicros: newest.length === 0 ? null : Math.max(...newest),
        }
      }),
    metrics: (one, period, metrics) =>
      readFrom(stores, from('metrics'), async () => {
        const names = namesForContents(metrics)
        const found = await read(one, {slices: slicesOf(period), names})
        return {...found, value: figuresOf(one, found.wholeOf(0))}
      }),
    series: (one, buckets, metrics) =>
      readFrom(stores, from('series'), async () => {
        const slices = buckets.map(({start, end}) => ({from: start / 1000, to: end / 1000}))
        const found = await read(one, {slices, names: namesForContents(metrics)})
        const value = buckets.map((bucket, i): SeriesBucket => {
          return {...bucket, metrics: figuresOf(one, found.wholeOf(i))}
        })
        return {...found, value}
      }),
    breakdown: (one, dimension, period, wanted) =>
      readFrom(stores, from('breakdown'), async () => {
        const {split} = contentRollup(stores)
        const at = split.indexOf(dimension)
        if (at < 0 && dimension !== 'content_type') {
          const kept = [...split, 'content_type'].join(', ')
          throw refuse(
            'path',
            'dimension',
            dimension,
            `is not kept of this pipeline's events: ${kept} are`,
          )
        }
        const labelOf = at < 0 ? undefined : (values: readonly string[]) => values[at]!
        const found = await read(one, {
          slices: slicesOf(period),
          // The items are in the order of their events.
          names: wanted && namesForContents(['events', ...wanted]),
          ...(labelOf === undefined ? {} : {labelOf}),
        })
        const value = [...found.slices[0]!]
          .map(([label, tally]) => ({
            value: at < 0 ? one.content_type : valueOfSplitText(label),
            metrics: figuresOf(one, tally),
          }))
          .filter(({metrics}) => metrics.events !== 0)
          .toSorted((a, b) => (b.metrics.events ?? 0) - (a.metrics.events ?? 0))
        return {...found, value}
      }),
    retention: one =>
      readFrom(stores, from('retention'), async reads => {
        const [segments, found] = await Promise.all([
          reads.segmentsOf(one.id),
          read(one, {slices: null, names: new Set(['plays'])}),
        ])
        const plays = found.wholeOf(0).values()['plays'] as number
        const facts = {id: one.id, lengthSeconds: one.length_seconds, plays}
        const value = retentionOf(segments, facts)
        const isGuess = value.basis !== 'position'
        const notes = isGuess ? ['approximation: no event says where playback stood'] : []
        return {...found, value, notes}
      }),
    events: (one, {eventType, ...request}) =>
      readFrom(stores, from('events'), async reads => {
        const {items, next, newestMicros} = await listEvents(reads, one.id, {
          ...request,
          accept: event => eventType === undefined || event['event_type'] === eventType,
        })
        const value = {items: items.map(toEventView), next}
        return {value, source: 'cassandra' as const, newestMicros, isScan: true}
      }),
    async event(id) {
      const {value, meta} = await readFrom(stores, from('event'), reads => findEvent(reads, id))
      return value === undefined ? undefined : {value: toEventView(value), meta}
    },
    top: createTop(deps),
    activeUsers: () =>
      readFrom(stores, from('active'), async reads => {
        const [window] = stores.plan(STREAM).actives
        const {totals, source} = await reads.window(window!, Math.floor(Date.now() / 1000))
        const users = totals.get('')?.values()['active'] ?? 0
        return {value: {users, windowSeconds: window!.seconds}, source}
      }),
    query: createQuestions(deps),
  }
}

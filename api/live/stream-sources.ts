/**
 * What live streams of any declared stream show: rows of its rollups, in total, and the tops of its windows.
 *
 * Guarantees    INV-119: what is named is read once for all who look, and only from what may be asked all the time;
 *               a stream without its store is stale alone.
 */
import type {StreamPlan} from '../../readmodel/plan.ts'
import {partsOfKey} from '../reads/stream-keys.ts'
import {rankWindow, type StreamTopReads, type TopAsked} from '../reads/stream-tops.ts'
import type {RowAsked, StreamFigureReads} from '../reads/stream-figures.ts'
import {msToIso} from '../times.ts'
import {versionOf, type FigureSource, type Snapshot} from './sources.ts'

const FIGURES_MS = 250
const TOP_MS = 1000

/** Whoever asks the same listens to the same channel. */
export const idOfRow = ({rollup, key, metrics}: RowAsked): string =>
  JSON.stringify([rollup.name, key, metrics ?? null])

export const idOfTop = (by: string, {metric, metrics, limit}: TopAsked): string =>
  JSON.stringify([by, metric, metrics ?? null, limit])

/** First parts of channels, by what they show of which stream. */
export const kindOfRows = (stream: string): string => `figures.${stream}`
export const kindOfTops = (stream: string): string => `top.${stream}`

type Names = readonly string[] | null

function rowOfId({rollups}: StreamPlan, id: string): RowAsked {
  const [by, key, metrics] = JSON.parse(id) as [string, string, Names]
  return {rollup: rollups.find(({name}) => name === by)!, key, metrics: metrics ?? undefined}
}

function topOfId(id: string): TopAsked & {readonly by: string} {
  const [by, metric, metrics, limit] = JSON.parse(id) as [string, string, Names, number]
  return {by, metric, metrics: metrics ?? undefined, limit}
}

function rowSource(plan: StreamPlan, figures: StreamFigureReads): FigureSource {
  const stream = plan.stream.name
  const readOne = async (id: string): Promise<Snapshot> => {
    const asked = rowOfId(plan, id)
    const {value: metrics, meta} = await figures.figures(asked, null)
    const row = {stream, by: asked.rollup.name, key: partsOfKey(asked.rollup, asked.key)}
    const data = {...row, from: null, to: msToIso(Date.now()), metrics, meta}
    return {data, version: versionOf(metrics)}
  }
  return {
    kind: kindOfRows(stream),
    event: 'figures',
    everyMs: FIGURES_MS,
    async read(ids) {
      return new Map(await Promise.all(ids.map(async id => [id, await readOne(id)] as const)))
    },
  }
}

function topSource({stream, tops: windows}: StreamPlan, tops: StreamTopReads): FigureSource {
  const {name} = stream
  return {
    kind: kindOfTops(name),
    event: 'top',
    everyMs: TOP_MS,
    async read(ids) {
      const asked = ids.map(id => ({id, ...topOfId(id)}))
      const found = await Promise.all(
        [...Map.groupBy(asked, ({by}) => by)].map(async ([by, some]) => {
          const window = windows.find(one => one.by === by)!
          const {value, meta} = await tops.window(name, window)
          const {at, totals} = value
          const period = {from: msToIso(at - window.seconds * 1000), to: msToIso(at)}
          return some.map(({id, ...one}): readonly [string, Snapshot] => {
            const items = rankWindow(totals, one)
            const data = {stream: name, by, metric: one.metric, ...period, items, meta}
            return [id, {data, version: versionOf(items)}]
          })
        }),
      )
      return new Map(found.flat())
    },
  }
}

/** @param reads that ask Redis alone: nobody's open page shall poll Cassandra */
export const streamSources = (
  plans: readonly StreamPlan[],
  reads: {readonly figures: StreamFigureReads; readonly tops: StreamTopReads},
): readonly FigureSource[] =>
  plans.flatMap(plan => [
    rowSource(plan, reads.figures),
    ...(plan.tops.length === 0 ? [] : [topSource(plan, reads.tops)]),
  ])

/** What is most in a stream: in a window of the moment, or of every row of a rollup. */
import {ACTIVE, type RollupPlan, type WindowPlan} from '../../readmodel/plan.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import type {WindowTotals} from '../../readmodel/step.ts'
import {Tally} from '../../readmodel/tally.ts'
import {figuresOf, pickFigures, type Figure, type Figures} from '../measures.ts'
import {refuse} from '../problem.ts'
import {readOptions} from './figures.ts'
import {partsOf} from './parts.ts'
import {checkScan, scanKeys} from './question.ts'
import type {Answered} from './reads.ts'
import {readFrom, type Stores} from './stores.ts'
import {ofKeyPart, partsOfKey} from './stream-keys.ts'

const KEYS_MAX = 100_000

export interface TopAsked {
  /** What is compared. */
  readonly metric: string
  /** Figures of each key, beside what is compared. */
  readonly metrics?: readonly string[] | undefined
  readonly limit: number
}

export interface TopKey {
  readonly rank: number
  readonly key: (string | null)[]
  readonly value: Figure
  readonly metrics?: Figures
}

/** What a window holds, and when it was looked at: milliseconds since 1970. */
export interface WindowFound {
  readonly at: number
  readonly totals: WindowTotals
}

export interface StreamTopReads {
  window(stream: string, window: WindowPlan): Promise<Answered<WindowFound>>
  /** How many distinct values a window has. */
  active(stream: string, window: WindowPlan): Promise<Answered<number>>
  /** @param slices seconds since 1970; null: all time */
  ofRollup(
    rollup: RollupPlan,
    slices: readonly TimeRange[] | null,
    asked: TopAsked,
  ): Promise<Answered<readonly TopKey[]>>
}

interface Candidate {
  readonly key: (string | null)[]
  readonly value: Figure
  readonly figures: () => Figures
}

function compareFigures(a: Figure, b: Figure): number {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? 1 : -1
  return a > b ? -1 : 1
}

/** Those with the most; what has nothing of it is in no list. Pure. */
function rank(all: readonly Candidate[], {metrics, limit}: TopAsked): readonly TopKey[] {
  return all
    .filter(({value}) => value !== null && value !== 0)
    .toSorted(
      (a, b) => compareFigures(a.value, b.value) || (String(a.key) < String(b.key) ? -1 : 1),
    )
    .slice(0, limit)
    .map(({key, value, figures}, i) => {
      const row = {rank: i + 1, key, value}
      return metrics === undefined ? row : {...row, metrics: pickFigures(figures(), metrics)}
    })
}

/** The most of what a window holds. */
export function rankWindow(totals: WindowTotals, asked: TopAsked): readonly TopKey[] {
  const {metric, metrics} = asked
  const compared = new Set([metric])
  const all = [...totals].filter(([, sums]) => sums.events > 0)
  return rank(
    all.map(([key, sums]) => ({
      key: [ofKeyPart(key)],
      value: sums.values(compared)[metric] ?? null,
      figures: () => sums.values(metrics && new Set(metrics)),
    })),
    asked,
  )
}

/** @throws 422 when too many stored buckets of every row would be read */
export function checkTop(rollup: RollupPlan, slices: readonly TimeRange[] | null): void {
  checkScan(slices && partsOf(rollup, slices), 'query', 'period')
}

export function createStreamTops(stores: Stores): StreamTopReads {
  const readWindow = async (what: string, stream: string, window: WindowPlan) =>
    await readFrom(stores, {what, stream}, async reads => {
      const at = Date.now()
      const {totals, source} = await reads.window(window, Math.floor(at / 1000))
      return {value: {at, totals}, source}
    })

  return {
    window: async (stream, window) => await readWindow('stream-top', stream, window),
    async active(stream, window) {
      const {value, meta} = await readWindow('stream-active', stream, window)
      return {value: value.totals.get('')?.values()[ACTIVE] ?? 0, meta}
    },
    ofRollup: async (rollup, slices, asked) =>
      await readFrom(stores, {what: 'stream-top', stream: rollup.stream.name}, async reads => {
        const names = new Set([asked.metric, ...(asked.metrics ?? [])])
        const parts = slices && partsOf(rollup, slices)
        const tallies = new Map<string, Tally>()
        const how = {parts, ...readOptions(rollup, names)}
        await scanKeys(reads.rollup(rollup), how, (key, {bucket, valuesOf}) => {
          let tally = tallies.get(key)
          if (tally === undefined) tallies.set(key, (tally = new Tally(rollup, names)))
          if (tallies.size > KEYS_MAX) {
            throw refuse(
              'query',
              'by',
              rollup.name,
              `has more than ${KEYS_MAX} keys in this period`,
            )
          }
          tally.add(bucket, valuesOf)
        })
        const all = [...tallies].map(([key, tally]): Candidate => {
          const figures = figuresOf(tally)
          const value = figures[asked.metric] ?? null
          return {key: partsOfKey(rollup, key), value, figures: () => figures}
        })
        return {value: rank(all, asked), source: 'cassandra' as const, isScan: true}
      }),
  }
}

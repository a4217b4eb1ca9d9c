/** Groups rows of the stores into the groups of an answer. Pure. */
import {NULL_KEY} from '../../readmodel/fields.ts'
import {OTHER_VALUE, valueOfSplitText} from '../../readmodel/places.ts'
import {textsOfKey} from '../../readmodel/rollup-table.ts'
import type {Piece} from '../../readmodel/stream-reads.ts'
import {Tally} from '../../readmodel/tally.ts'
import {floorTo} from '../calendar.ts'
import {figuresOf, type Figures} from '../measures.ts'
import {labelsOf} from '../reads/figures.ts'
import type {Labels} from './conditions.ts'
import type {QueryPlan, Stretch} from './plan.ts'
import type {Dimension, Fact} from './subject.ts'
import {isTime, timeLabel, timeLabels} from './time.ts'
import type {Label} from './values.ts'

/** What the stores hold of a key in total, or in a bucket of time. */
export interface SourceRow {
  readonly key: string
  readonly fact: Fact | undefined
  /** Start of the stored bucket, milliseconds; null for totals. */
  readonly start: number | null
  readonly piece: Piece
}

export interface Group {
  /** In the order of the dimensions. */
  readonly labels: readonly Label[]
  readonly figures: Figures
}

export interface Grouped {
  readonly groups: readonly Group[]
  /** Over all groups. */
  readonly total: Figures
  /** Figures of a group without any events. */
  readonly empty: Figures
  /** Dimensions whose rare values are not told apart in it. */
  readonly crowded: readonly string[]
}

export interface Grouper {
  /** @returns false when there are too many groups */
  add(row: SourceRow): boolean
  finish(): Grouped
}

interface Summed {
  readonly labels: readonly Label[]
  readonly tally: Tally
  /** What figures of facts are made of. */
  readonly bySize: Map<number | null, Tally>
}

/** Dimensions that rows are told apart or chosen by. */
function usedDimensions({subject, dimensions, filters}: QueryPlan): readonly Dimension[] {
  const names = new Set([...dimensions.filter(name => !isTime(name)), ...filters.used])
  return [...names].map(name => subject.dimensions.get(name)!)
}

/** Finds the values of dimensions in a row: of its key once, of each place of its piece. */
function createLabeller(plan: QueryPlan) {
  const {rollup} = plan
  const used = usedDimensions(plan)
  const ofKey = used.filter(({field}) => rollup.by.includes(field))
  const ofSplit = used.filter(({field}) => !rollup.by.includes(field))
  const crowded = new Set<string>()
  return {
    crowded,
    ofKey({key, fact}: SourceRow): Labels {
      const texts = textsOfKey(rollup, key)
      const labels = ofKey.map(({name, field, kind, isFact}): [string, Label] => {
        if (isFact) return [name, fact?.values[name] ?? null]
        const text = texts[rollup.by.indexOf(field)]!
        return [name, text === NULL_KEY ? null : kind.serve(text)]
      })
      return Object.fromEntries(labels)
    },
    ofPlace(values: readonly string[]): Labels {
      const labels = ofSplit.map(({name, field, kind}): [string, Label] => {
        const raw = values[rollup.split.indexOf(field)]!
        if (raw === OTHER_VALUE) crowded.add(name)
        const text = valueOfSplitText(raw)
        return [name, text === null || raw === OTHER_VALUE ? text : kind.serve(text)]
      })
      return Object.fromEntries(labels)
    },
  }
}

export function createGrouper(plan: QueryPlan, stretch: Stretch, groupsMax: number): Grouper {
  const {rollup, subject, granularity, zone, dimensions, filters} = plan
  const {facts} = subject
  const names = [...plan.metrics, ...filters.metrics]
  const isSized = names.some(name => facts?.metrics.includes(name))
  const wanted = new Set(isSized ? [...names, facts!.needs] : names)
  const sized = new Set(isSized ? [facts!.needs] : [])
  const labeller = createLabeller(plan)
  const isTotalled = plan.include.totals || plan.include.percentages

  const summed = (labels: readonly Label[]): Summed => {
    return {labels, tally: new Tally(rollup, wanted), bySize: new Map()}
  }
  const groups = new Map<string, Summed>()
  const total = summed([])
  const groupAt = (labels: readonly Label[]): Summed => {
    const id = JSON.stringify(labels)
    let group = groups.get(id)
    if (group === undefined) groups.set(id, (group = summed(labels)))
    return group
  }
  const addTo = (group: Summed, {fact, piece}: SourceRow, places: ReadonlySet<string>): void => {
    const {bucket, valuesOf} = piece
    const choose = (values: readonly string[]): boolean => places.has(values.join('\0'))
    group.tally.add(bucket, valuesOf, choose)
    if (!isSized) return
    const size = fact?.size ?? null
    let ofSize = group.bySize.get(size)
    if (ofSize === undefined) group.bySize.set(size, (ofSize = new Tally(rollup, sized)))
    ofSize.add(bucket, valuesOf, choose)
  }
  const toFigures = ({tally, bySize}: Summed): Figures => {
    return isSized ? {...figuresOf(tally), ...facts!.figures(bySize)} : figuresOf(tally)
  }

  const times = dimensions.filter(isTime)
  const timesOf = (start: number | null): Labels => {
    if (start === null || granularity === undefined) return {}
    const bucket = floorTo(start, granularity, zone)
    return Object.fromEntries(times.map(name => [name, timeLabel(name, bucket, plan)]))
  }

  return {
    add(row) {
      const {start, piece} = row
      const ofRow = {...labeller.ofKey(row), ...timesOf(start)}
      const chosen = new Map<Summed, Set<string>>()
      const all = new Set<string>()
      // Places with the same split values count as one.
      for (const place of labelsOf(piece, values => values.join('\0'))) {
        const labels: Labels = {...ofRow, ...labeller.ofPlace(place.split('\0'))}
        if (!filters.matches(labels)) continue
        const group = groupAt(dimensions.map(name => labels[name] ?? null))
        const places = chosen.get(group)
        if (places === undefined) chosen.set(group, new Set([place]))
        else places.add(place)
        all.add(place)
      }
      for (const [group, places] of chosen) addTo(group, row, places)
      if (isTotalled && all.size > 0) addTo(total, row, all)
      return groups.size <= groupsMax
    },
    finish() {
      if (dimensions.length === 0) groupAt([])
      if (plan.include.timeLabels && dimensions.length === 1 && granularity !== undefined) {
        // With time as the only dimension every bucket gets a row, also where nothing happened.
        const labels = timeLabels(dimensions[0]!, stretch.starts ?? [], plan)
        for (const label of labels) groupAt([label])
      }
      return {
        groups: Array.from(groups.values(), group => {
          return {labels: group.labels, figures: toFigures(group)}
        }),
        total: toFigures(total),
        empty: toFigures(summed([])),
        crowded: [...labeller.crowded],
      }
    },
  }
}

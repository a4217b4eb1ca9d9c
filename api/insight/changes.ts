/**
 * The changes most worth a look: of whole streams, and of values that go another way than those beside them. Pure.
 *
 * Defined in docs/INSIGHT.md#changes-worth-a-look.
 */
import {isUnusual, meanOf, scoresOf, type Counts, type Score} from './scores.ts'

/** Counts of one metric of a stream: as a whole, or by the values of a dimension. */
export interface Group {
  readonly stream: string
  readonly metric: string
  /** Null: the whole, one key. */
  readonly dimension: string | null
  readonly counts: readonly Omit<Counts, 'kind'>[]
}

export interface Change extends Omit<Score, 'key' | 'kind'> {
  readonly stream: string
  readonly metric: string
  readonly dimension: string | null
  /** Of the dimension; null of the whole. */
  readonly value: string | null
  /** How much more or less than expected, by what the whole metric usually has: what it is ranked by. */
  readonly impact: number
}

/** One stream is not all that there is to say. */
const PER_STREAM = 2
/** A value that is so much of the change of the whole is that change. */
const EXPLAINS = 0.6

const differenceOf = ({present, expected}: Pick<Change, 'present' | 'expected'>): number =>
  present - expected

function changesIn(group: Group, usualOfWhole: number): readonly Change[] {
  const {stream, metric, dimension, counts} = group
  return scoresOf(counts.map(one => ({...one, kind: null})))
    .filter(isUnusual)
    .map(({key, present, usual, expected, kindGrowth, deviations}) => ({
      stream,
      metric,
      dimension,
      // Nothing is kept apart by an empty text.
      value: dimension === null || key === '' ? null : key,
      present,
      usual,
      expected,
      kindGrowth,
      deviations,
      impact: differenceOf({present, expected}) / Math.max(1, usualOfWhole),
    }))
}

/** Whether a value of some dimension is what the whole changed by. */
const isExplained = (whole: Change, values: readonly Change[]): boolean =>
  values.some(value => differenceOf(value) / differenceOf(whole) >= EXPLAINS)

/** The first of each stream, in their order: one of several metrics that the same thing changes. */
function someOfEach(changes: readonly Change[]): readonly Change[] {
  const taken = new Map<string, Set<string>>()
  return changes.filter(({stream, dimension, value}) => {
    const told = taken.get(stream) ?? new Set()
    taken.set(stream, told)
    const what = JSON.stringify([dimension, value])
    if (told.has(what) || told.size === PER_STREAM) return false
    told.add(what)
    return true
  })
}

/** @returns `limit` at most, the one that moves most of its metric first */
export function changesOf(groups: readonly Group[], limit: number): readonly Change[] {
  const found = Map.groupBy(groups, ({stream, metric}) => JSON.stringify([stream, metric]))
    .values()
    .flatMap(own => {
      const whole = own.find(({dimension}) => dimension === null)?.counts[0]
      const usual = meanOf(whole?.past ?? [])
      const all = own.flatMap(group => changesIn(group, usual))
      const values = all.filter(({dimension}) => dimension !== null)
      return all.filter(one => one.dimension !== null || !isExplained(one, values))
    })
  const ranked = [...found].toSorted((a, b) => Math.abs(b.impact) - Math.abs(a.impact))
  return someOfEach(ranked).slice(0, limit)
}

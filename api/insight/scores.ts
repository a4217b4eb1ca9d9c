/**
 * How far counts are from what their own past and the way of their kind let expect. Pure.
 *
 * Defined in docs/INSIGHT.md#what-is-expected.
 */

/** Counts of one key: of the last span of time, and of as long ones before it. */
export interface Counts {
  readonly key: string
  /** What it is compared with as a whole; null: everything of no kind. */
  readonly kind: string | null
  readonly present: number
  readonly past: readonly number[]
}

export interface Score {
  readonly key: string
  readonly kind: string | null
  readonly present: number
  /** The mean of the past. */
  readonly usual: number
  /** What its kind as a whole grew to, 1: not at all. */
  readonly kindGrowth: number
  /** `usual`, as its kind grew. */
  readonly expected: number
  /** How unlikely it is by chance, in standard deviations; below 0: it is less than expected. */
  readonly deviations: number
}

/** A kind of which little is counted is taken for one that does not grow. */
const KIND_PRIOR = 20
/** Nothing counted yet is not nothing expected. */
const KEY_PRIOR = 0.5
/** What keeps the root of small counts even: Anscombe 1948. */
const ROOT_PRIOR = 3 / 8

/** Fewer say nothing. */
const COUNT_MIN = 20
const DEVIATIONS_MIN = 5
const CHANGE_MIN = 0.25
/** With fewer spans before nothing is judged. */
const HISTORY_MIN = 3
/** Of what rises. */
const TIMES_MIN = 1.5

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
/** 0 of none. */
export const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : sumOf(values) / values.length

/** How much more than counts of independent events the past varied by: at least as much. */
function dispersionOf(past: readonly number[], mean: number): number {
  if (past.length < 2 || mean === 0) return 1
  const variance = sumOf(past.map(value => (value - mean) ** 2)) / (past.length - 1)
  return Math.max(1, variance / mean)
}

function scoreOf({key, kind, present, past}: Counts, kindGrowth: number): Score {
  const usual = meanOf(past)
  const expected = (usual + KEY_PRIOR) * kindGrowth
  // The root of a count varies by a half, whatever its size: twice the difference of two roots is in deviations.
  const difference = 2 * (Math.sqrt(present + ROOT_PRIOR) - Math.sqrt(expected + ROOT_PRIOR))
  const deviations = difference / Math.sqrt(dispersionOf(past, usual))
  return {key, kind, present, usual, kindGrowth, expected, deviations}
}

/** Whether it is more than chance makes, of more than a few, and a change that one would see. */
export const isUnusual = ({present, expected, deviations}: Score): boolean =>
  Math.max(present, expected) >= COUNT_MIN &&
  Math.abs(deviations) >= DEVIATIONS_MIN &&
  Math.abs(present - expected) >= CHANGE_MIN * expected

/**
 * A kind as a whole grew where that says more with less: where without it more than one key more would be unusual.
 * So one that rises alone rises, and of many that rise together none does.
 */
function scoresOfKind(own: readonly Counts[]): readonly Score[] {
  const usual = sumOf(own.map(({past}) => meanOf(past)))
  const growth = (sumOf(own.map(({present}) => present)) + KIND_PRIOR) / (usual + KIND_PRIOR)
  const [still, grown] = [1, growth].map(times => own.map(one => scoreOf(one, times)))
  const unusual = (scores: readonly Score[]): number => scores.filter(isUnusual).length
  return unusual(grown!) + 1 < unusual(still!) ? grown! : still!
}

/** Spans of which there is nothing at all are no history: nobody counted then. */
function hasHistory(all: readonly Counts[]): boolean {
  const spans = all[0]?.past.map((_, span) => all.some(({past}) => past[span]! > 0)) ?? []
  return spans.filter(isCounted => isCounted).length >= HISTORY_MIN
}

/** @returns none where fewer than three spans before have anything */
export const scoresOf = (all: readonly Counts[]): readonly Score[] =>
  hasHistory(all) ? [...Map.groupBy(all, ({kind}) => kind).values()].flatMap(scoresOfKind) : []

/** @returns those that are more than expected, the most unlikely first */
export const risesOf = (all: readonly Counts[]): readonly Score[] =>
  scoresOf(all)
    .filter(score => isUnusual(score) && score.present >= TIMES_MIN * score.expected)
    .toSorted((a, b) => b.deviations - a.deviations || (a.key < b.key ? -1 : 1))

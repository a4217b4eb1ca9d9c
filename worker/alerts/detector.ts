/**
 * Tells an odd reading of one sensor from a usual one, by its last readings alone. Pure but for its own memory.
 *
 * What is usual is a straight line through the last readings: slow drift belongs to it. It is drawn by medians, and
 * the distances from it are measured by their MAD, so that odd readings among them move neither. A reading is
 *
 *   spike   further from the line than so many spreads
 *   shift   the last of some spikes that agree with each other: the level is another one now, and is usual from then on
 *   stuck   the same value once more, though by how often values repeat that is less likely than one in ten million
 *   broken  no number
 *
 * Guarantees    INV-160: nothing is odd before a sensor's first readings were learned; constant values and straight
 *               lines never are; memory is bounded.
 */
import {medianOf, spreadOf} from '../../platform/robust.ts'

export type Oddity = 'spike' | 'shift' | 'stuck' | 'broken'

export interface Judgement {
  readonly verdict: 'learning' | 'usual' | Oddity
  /** What would have been usual, and how far apart usual readings are. */
  readonly expected: number | null
  readonly spread: number | null
}

export interface DetectorOptions {
  /** Readings that say what is usual. */
  readonly keptMax: number
  /** Nothing is judged before there are so many. */
  readonly keptMin: number
  readonly spreadsMax: number
  /** So many spikes that agree are a shift. */
  readonly shiftReadings: number
  readonly stuckChance: number
}

export const DETECTOR: DetectorOptions = {
  keptMax: 48,
  keptMin: 24,
  spreadsMax: 7,
  shiftReadings: 6,
  stuckChance: 1e-7,
}

export interface Detector {
  judge(value: number): Judgement
}

/** Spikes that are within so many spreads of each other agree. */
const AGREE_SPREADS = 6
/** Numbers are printed and computed to so many parts of themselves: less is no difference. */
const PRECISION = 1e-4

interface Line {
  /** Of the reading to come. */
  readonly expected: number
  readonly spread: number
}

/** The least by which two neighbours differ that do: what a sensor that rounds can tell apart. */
function stepOf(values: readonly number[]): number {
  let step = Number.POSITIVE_INFINITY
  for (let i = 1; i < values.length; i++) {
    const difference = Math.abs(values[i]! - values[i - 1]!)
    if (difference > 0 && difference < step) step = difference
  }
  return step === Number.POSITIVE_INFINITY ? 0 : step
}

/** A line by the medians of both halves. */
function lineOf(values: readonly number[]): Line {
  const half = values.length >> 1
  const [early, late] = [values.slice(0, half), values.slice(half)]
  const slope = (medianOf(late) - medianOf(early)) / (values.length / 2)
  const flat = values.map((value, i) => value - slope * i)
  const level = medianOf(flat)
  const expected = level + slope * values.length
  const least = Math.max(stepOf(values), PRECISION * Math.abs(expected), Number.MIN_VALUE)
  return {expected, spread: Math.max(spreadOf(flat, level), least)}
}

export function createDetector(options: DetectorOptions = DETECTOR): Detector {
  const {keptMax, keptMin, spreadsMax, shiftReadings, stuckChance} = options
  let kept: number[] = []
  /** Spikes since the last usual reading. */
  let spikes: number[] = []
  let last: number | undefined
  let repeats = 0
  /** How likely a value repeats, as it was before it began to. */
  let repeatChance = 1

  const keep = (value: number): void => {
    kept.push(value)
    if (kept.length > keptMax) kept.shift()
  }

  const countRepeats = (value: number): void => {
    if (value === last) {
      repeats += 1
      return
    }
    last = value
    repeats = 0
    let equal = 0
    for (let i = 1; i < kept.length; i++) if (kept[i] === kept[i - 1]) equal += 1
    repeatChance = (equal + 1) / Math.max(1, kept.length)
  }

  const isShift = (spread: number): boolean =>
    spikes.length >= shiftReadings &&
    Math.max(...spikes) - Math.min(...spikes) <= AGREE_SPREADS * spread

  return {
    judge(value) {
      if (!Number.isFinite(value)) return {verdict: 'broken', expected: null, spread: null}
      countRepeats(value)
      if (kept.length < keptMin) {
        keep(value)
        return {verdict: 'learning', expected: null, spread: null}
      }
      const {expected, spread} = lineOf(kept)
      if (repeats > 0 && repeatChance ** repeats < stuckChance) {
        return {verdict: 'stuck', expected, spread}
      }
      if (Math.abs(value - expected) <= spreadsMax * spread) {
        spikes = []
        keep(value)
        return {verdict: 'usual', expected, spread}
      }
      spikes.push(value)
      if (spikes.length > shiftReadings) spikes.shift()
      if (!isShift(spread)) return {verdict: 'spike', expected, spread}
      // What was learned of how readings scatter still holds, on the new level.
      const by = medianOf(spikes) - expected
      kept = kept.map(one => one + by)
      spikes = []
      return {verdict: 'shift', expected, spread}
    },
  }
}

/**
 * What an event brings to each state: found once per event, however many rows it is folded into.
 */
import type {Stream} from '../contracts/stream.ts'
import {getterOf, predicateOf, textOf, wholeFieldOf, type Fields} from './fields.ts'
import {bucketOf} from './histogram.ts'
import type {StateSpec} from './plan.ts'
import {hashText} from './text-hash.ts'

export interface Inputs {
  /**
   * By state: 1 for a count, the whole number for sums and bounds, the bucket for a histogram, the hash
   * for uniques, the value itself for latest; null when the event brings nothing.
   */
  readonly values: readonly unknown[]
  /** Time and id of the event, for `latest`. */
  readonly timeUs: number | null
  readonly id: number | string
  /** Looks at an event. What was found of the one before is gone. */
  read(event: Fields, at: {readonly timeUs: number | null; readonly id: number | string}): void
}

type Finder = (event: Fields) => unknown

function finderOf(stream: Stream, {kind, of, scale, where}: StateSpec): Finder {
  const counts = predicateOf(where)
  const find = valueFinderOf(stream, {kind, of, scale})
  if (counts === undefined) return find
  return event => (counts(event) ? find(event) : null)
}

function valueFinderOf(
  stream: Stream,
  {kind, of, scale}: Pick<StateSpec, 'kind' | 'of' | 'scale'>,
): Finder {
  if (of === null) return () => 1
  const get = getterOf(of)
  if (kind === 'count') return event => (get(event) === null ? null : 1)
  if (kind === 'latest') return get
  if (kind === 'uniques') {
    return event => {
      const value = get(event)
      return value === null ? null : hashText(textOf(value))
    }
  }
  const whole = wholeFieldOf(stream, of, scale)
  if (kind !== 'histogram') return whole.get
  return event => {
    const value = whole.get(event)
    return value === null ? null : bucketOf(value)
  }
}

/** One for all projections of a stream: an event is folded whole before the next one is looked at. */
export function createInputs(stream: Stream, specs: readonly StateSpec[]): Inputs {
  const finders = specs.map(spec => finderOf(stream, spec))
  const values: unknown[] = Array.from({length: specs.length}, () => null)
  const inputs = {
    values,
    timeUs: null as number | null,
    id: 0 as number | string,
    read(event: Fields, at: {readonly timeUs: number | null; readonly id: number | string}) {
      for (let i = 0; i < finders.length; i++) values[i] = finders[i]!(event)
      inputs.timeUs = at.timeUs
      inputs.id = at.id
    },
  }
  return inputs
}

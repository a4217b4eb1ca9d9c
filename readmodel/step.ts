/**
 * One step of ten seconds of a sliding window: what each entry (a content, a page; or one for all) got in
 * it. Readers sum the steps of their window.
 *
 * Does not      grow without bound: entries beyond 16,384 count as `(other)`.
 */
import {ByteReader, type ByteWriter, type Whole} from './bytes.ts'
import {addWhole, negate, quotientOf} from './fields.ts'
import type {Inputs} from './inputs.ts'
import {WIDTH_OF, type WindowPlan} from './plan.ts'
import {OTHER_VALUE} from './places.ts'
import {chosenOf} from './tally.ts'
import type {TextHash} from './text-hash.ts'
import {UserSet, UserUnion, type SetLimits} from './user-set.ts'

export const ENTRIES_MAX = 16_384
const FORMAT = 1

interface Entry {
  readonly numbers: Whole[]
  readonly users: UserSet[]
}

const emptyNumbers = ({width}: WindowPlan): Whole[] => Array.from({length: width}, () => 0)

const emptyEntry = (plan: WindowPlan): Entry => ({
  numbers: emptyNumbers(plan),
  users: Array.from({length: plan.sketches}, () => new UserSet()),
})

export class Step {
  readonly plan: WindowPlan
  /** Records up to this offset are included. */
  guard: number
  /** Entries that changed since they were last taken for Redis. */
  changed = new Set<string>()
  readonly #entries = new Map<string, Entry>()

  constructor(plan: WindowPlan, guard = -1) {
    this.plan = plan
    this.guard = guard
  }

  get size(): number {
    return this.#entries.size
  }

  keys(): Iterable<string> {
    return this.#entries.keys()
  }

  /** @returns false when the record is included already */
  fold(key: string, inputs: Inputs, offset: number, times: 1 | -1): boolean {
    if (offset <= this.guard) return false
    const isFull = this.#entries.size >= ENTRIES_MAX && !this.#entries.has(key)
    const own = isFull ? OTHER_VALUE : key
    let entry = this.#entries.get(own)
    if (entry === undefined) this.#entries.set(own, (entry = emptyEntry(this.plan)))
    for (const {spec, input, at} of this.plan.states) {
      const value = inputs.values[input]
      if (value === null) continue
      if (spec.kind === 'uniques') {
        entry.users[at]!.add((value as TextHash).low, times)
        continue
      }
      entry.numbers[at] = (entry.numbers[at] as number) + times
      if (WIDTH_OF[spec.kind] === 1) continue
      const change = value as Whole
      entry.numbers[at + 1] = addWhole(
        entry.numbers[at + 1]!,
        times === 1 ? change : negate(change),
      )
    }
    this.changed.add(own)
    return true
  }

  get bytes(): number {
    let bytes = 300
    for (const {numbers, users} of this.#entries.values()) {
      bytes += 150 + numbers.length * 9 + users.reduce((sum, set) => sum + set.bytes, 0)
    }
    return bytes
  }

  encode(writer: ByteWriter): Buffer {
    writer.byte(FORMAT)
    writer.count(this.#entries.size)
    for (const [key, {numbers, users}] of this.#entries) {
      writer.text(key)
      for (const number of numbers) writer.whole(number)
      for (const set of users) set.encode(writer)
    }
    return writer.take()
  }

  static decode(plan: WindowPlan, body: Buffer, guard: number): Step {
    const reader = openStep(body)
    const step = new Step(plan, guard)
    for (let left = reader.count(); left > 0; left--) {
      const key = reader.text()
      const entry = {
        numbers: Array.from({length: plan.width}, () => reader.whole()),
        users: Array.from({length: plan.sketches}, () => UserSet.decode(reader)),
      }
      step.#entries.set(key, entry)
    }
    return step
  }

  /** One entry for readers of the moment. */
  encodeEntry(key: string, writer: ByteWriter): Buffer {
    const {numbers, users} = this.#entries.get(key)!
    for (const number of numbers) writer.whole(number)
    for (const set of users)
      set.encodeLive(writer, this.plan.by === null ? ONE_ENTRY : MANY_ENTRIES)
    return writer.take()
  }
}

/** Users of an entry in Redis: 2^12 registers are 1.6 %. */
const MANY_ENTRIES: SetLimits = {listMax: 1000, bits: 12}
const ONE_ENTRY: SetLimits = {listMax: 4096, bits: 14}

function openStep(body: Buffer): ByteReader {
  const reader = new ByteReader(body)
  reader.format(FORMAT, 'a step')
  return reader
}

/** Sums of one entry over steps and source partitions. */
export class WindowSums {
  readonly #plan: WindowPlan
  readonly #numbers: Whole[]
  readonly #users: readonly UserUnion[]

  constructor(plan: WindowPlan) {
    this.#plan = plan
    this.#numbers = emptyNumbers(plan)
    this.#users = Array.from({length: plan.sketches}, () => new UserUnion())
  }

  /** Adds what `encodeEntry`, or an entry of `encode`, wrote. */
  read(reader: ByteReader): void {
    for (let i = 0; i < this.#numbers.length; i++) {
      this.#numbers[i] = addWhole(this.#numbers[i]!, reader.whole())
    }
    for (const union of this.#users) union.read(reader)
  }

  /** Events in the window. */
  get events(): number {
    return this.#numbers[0] as number
  }

  /**
   * Figures by the names of the measures.
   *
   * @param names of those that are wanted; all when left out
   */
  values(names?: ReadonlySet<string>): Readonly<Record<string, number | null>> {
    const values: Record<string, number | null> = {}
    for (const {name, measure, part, divisor} of chosenOf(this.#plan, names)) {
      const {spec, at} = part.state
      if (spec.kind === 'uniques') values[name] = this.#users[at]!.size
      else if (spec.kind === 'count') values[name] = Number(this.#numbers[at])
      else {
        const total = Number(this.#numbers[at + 1]) / divisor
        values[name] = measure.kind === 'sum' ? total : quotientOf(total, Number(this.#numbers[at]))
      }
    }
    for (const {name, of, to} of this.#plan.ratios) {
      const [left, right] = [values[of], values[to]]
      if (left !== undefined && right !== undefined) values[name] = quotientOf(left, right)
    }
    return values
  }
}

/** Sums by entry. */
export type WindowTotals = Map<string, WindowSums>

export function sumsOf(totals: WindowTotals, plan: WindowPlan, key: string): WindowSums {
  const known = totals.get(key)
  if (known !== undefined) return known
  const sums = new WindowSums(plan)
  totals.set(key, sums)
  return sums
}

/** Adds a stored step. */
export function addStep(totals: WindowTotals, plan: WindowPlan, body: Buffer): void {
  const reader = openStep(body)
  for (let left = reader.count(); left > 0; left--) {
    sumsOf(totals, plan, reader.text()).read(reader)
  }
}

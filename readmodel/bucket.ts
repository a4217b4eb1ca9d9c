/**
 * What a row of a rollup holds in one bucket of time, or in total: whole numbers, histograms, sketches and
 * latest values, apart for each place (a combination of split values).
 *
 * Guarantees    INV-50: taking an event out is the exact inverse of adding it, in every number; what cannot
 *               be taken out (bounds, uniques, latest) stays and is marked. INV-33: a record is folded
 *               once: the bucket knows up to which offset it includes them.
 */
import {Bins} from './bins.ts'
import type {ByteReader, ByteWriter, Whole} from './bytes.ts'
import {addWhole, negate, square} from './fields.ts'
import {entryOf} from './hyperloglog.ts'
import type {Inputs} from './inputs.ts'
import type {StatesPlan} from './plan.ts'
import type {TextHash} from './text-hash.ts'
import {UniqueSketch, type Spill} from './unique-sketch.ts'

let lastVersion = 0
const nextVersion = (): number => (lastVersion += 1)

/** A value, and by which event. */
export interface Latest {
  /** Microseconds since 1970. */
  readonly at: number
  readonly id: number | string
  readonly value: string | number | boolean
}

/** Whether a value is that of the later event: at one time that of the higher id. */
export const isLater = (a: Pick<Latest, 'at' | 'id'>, b: Pick<Latest, 'at' | 'id'>): boolean =>
  a.at !== b.at ? a.at > b.at : a.id > b.id

/** What an event brings to a latest value. */
function latestOf({timeUs, id}: Inputs, value: unknown): Latest | undefined {
  if (timeUs === null || value === null) return undefined
  return {at: timeUs, id, value: value as Latest['value']}
}

/** Bins of one histogram of one place: numbers of buckets, of either sign. */
const BINS = 1024

export class Bucket {
  readonly plan: StatesPlan
  /** Start, seconds since 1970; 0 in total. */
  readonly start: number
  /** Records up to this offset are included. */
  guard: number
  /** False while what is stored of it has not been read. */
  isLoaded = true
  /** Something that cannot be taken out was retracted: it has to be computed again. */
  isRetracted = false
  /** Nothing of it is sure, no count either: all of it has to be computed again. Is retracted, too. */
  isDoubtful = false
  /** As a shadow: what is taken out meanwhile was in it, or will be: its counts stay exact. */
  isExact = false
  /** Another one after every change, and never that of another bucket. */
  version = 0
  #events = 0
  /** Folds are doubled into it while it is computed again. */
  shadow: Bucket | undefined
  /** Places that have numbers here, in the order of their coming. */
  readonly places: number[] = []
  /** `plan.width` numbers of each of them. */
  readonly numbers: Whole[] = []
  /** Of all places: `(slot * histograms + at) * BINS + BINS / 2 + number of the bucket`. */
  #bins: Bins | undefined
  #latests: (Latest | undefined)[] | undefined
  #sketches: (UniqueSketch | undefined)[] = NO_SKETCHES
  #slots: Map<number, number> | undefined

  constructor(plan: StatesPlan, start: number, guard = -1) {
    this.plan = plan
    this.start = start
    this.guard = guard
  }

  /** @returns false when the record is included already */
  apply(place: number, inputs: Inputs, offset: number): boolean {
    if (offset <= this.guard) return false
    this.#add(place, inputs)
    this.#events += 1
    this.shadow?.apply(place, inputs, offset)
    this.version = nextVersion()
    return true
  }

  /** @returns false when the record is included already */
  retract(place: number, inputs: Inputs, offset: number): boolean {
    if (offset <= this.guard) return false
    this.#subtract(place, inputs)
    this.#events -= 1
    // What is doubted may count wrongly, too.
    if (this.#events === 0 && !this.isDoubtful) this.#clear()
    if (this.shadow !== undefined) this.shadow.#retractMeanwhile(place, inputs)
    this.version = nextVersion()
    return true
  }

  /** What was read of it before may hold the event, or not. */
  #retractMeanwhile(place: number, inputs: Inputs): void {
    // Events without a time are read one by one.
    this.isExact &&= inputs.timeUs !== null
    if (this.isExact) {
      // What it was in may be read only later: until then there are fewer than none.
      this.#subtract(place, inputs)
      this.#events -= 1
    }
    this.isRetracted = true
  }

  /** Somebody found that it is wrong: nothing of it is believed until it was computed again. */
  doubt(): void {
    this.isRetracted = true
    this.isDoubtful = true
    this.version = nextVersion()
  }

  /** Events that are in it. */
  get events(): number {
    return this.#events
  }

  slotOf(place: number): number {
    if (this.#slots !== undefined) return this.#slots.get(place) ?? -1
    return this.places.indexOf(place)
  }

  /** Counts of a histogram: slot of the place, number of the bucket, count. */
  forEachBin(at: number, visit: (slot: number, bucket: number, count: number) => void): void {
    const {histograms} = this.plan
    this.#bins?.forEach((key, count) => {
      const line = Math.floor(key / BINS)
      if (line % histograms === at)
        visit(Math.floor(line / histograms), (key % BINS) - BINS / 2, count)
    })
  }

  latest(slot: number, at: number): Latest | undefined {
    return this.#latests?.[slot * this.plan.latests + at]
  }

  sketch(at: number): UniqueSketch | undefined {
    return this.#sketches[at]
  }

  /** Sketches that have parts outside of the row. */
  get sketches(): readonly (UniqueSketch | undefined)[] {
    return this.#sketches
  }

  get bytes(): number {
    let bytes = 200 + this.places.length * 8 + this.numbers.length * 8 + (this.#bins?.bytes ?? 0)
    for (const sketch of this.#sketches) bytes += sketch?.bytes ?? 0
    return bytes
  }

  /**
   * Replaces what cannot be taken out by that of `fresh`, which every event of the bucket was added to.
   * What was retracted since `fresh` was begun stays marked.
   */
  adopt(fresh: Bucket): void {
    this.version = nextVersion()
    if (this.isDoubtful) return this.#replace(fresh)
    if (this.#events === 0) return this.#clear()
    for (const place of fresh.places) this.#ensureSlot(place)
    const {folds, width, latests, sketches} = this.plan
    for (const [slot, place] of this.places.entries()) {
      const other = fresh.slotOf(place)
      for (const [i, fold] of folds.entries()) {
        if (fold === 'sum') continue
        const found = other < 0 ? NONE_OF[fold] : fresh.numbers[other * width + i]!
        this.numbers[slot * width + i] = found
      }
      for (let i = 0; i < latests; i++) {
        this.#latests ??= []
        this.#latests[slot * latests + i] = other < 0 ? undefined : fresh.latest(other, i)
      }
    }
    for (let i = 0; i < sketches; i++) {
      const sketch = this.#ensureSketch(i)
      sketch.replace(fresh.#sketches[i] ?? new UniqueSketch())
    }
    this.isRetracted = fresh.isRetracted
  }

  /** Takes over everything, counts too: every event was added to `fresh` once. */
  #replace(fresh: Bucket): void {
    if (fresh.isRetracted && !fresh.isExact) return
    const sketches = this.#sketches
    this.#clear()
    // Parts that are stored beside the row are told to go.
    this.#sketches = sketches === NO_SKETCHES ? sketches : [...sketches]
    this.places.push(...fresh.places)
    this.numbers.push(...fresh.numbers)
    this.#slots = fresh.#slots
    this.#bins = fresh.#bins
    this.#latests = fresh.#latests
    for (let i = 0; i < this.plan.sketches; i++) {
      const found = fresh.#sketches[i]
      if (found === undefined && this.#sketches[i] === undefined) continue
      this.#ensureSketch(i).replace(found ?? new UniqueSketch())
    }
    this.#events = fresh.#events
    this.isRetracted = fresh.isRetracted
    this.isDoubtful = fresh.isDoubtful
  }

  /**
   * Adds everything of another bucket.
   *
   * @param placeOf where the other's places are here
   */
  merge(other: Bucket, placeOf: (place: number) => number = place => place): void {
    const {folds, width, histograms, latests} = this.plan
    const slots: number[] = []
    for (const [from, place] of other.places.entries()) {
      const slot = this.#ensureSlot(placeOf(place))
      slots.push(slot)
      for (let i = 0; i < width; i++) {
        const to = slot * width + i
        const more = other.numbers[from * width + i]!
        const fold = folds[i]!
        if (fold === 'sum') this.numbers[to] = addWhole(this.numbers[to]!, more)
        else this.#bound(fold, to, more)
      }
      for (let i = 0; i < latests; i++) {
        this.#keepLatest(slot * latests + i, other.latest(from, i))
      }
    }
    for (let at = 0; at < histograms; at++) {
      other.forEachBin(at, (from, bin, count) => this.#addBin(slots[from]!, at, bin, count))
    }
    for (const [i, sketch] of other.#sketches.entries()) {
      if (sketch !== undefined) this.#ensureSketch(i).merge(sketch, placeOf)
    }
    this.#events += other.events
    this.isRetracted ||= other.isRetracted
    this.isDoubtful ||= other.isDoubtful
    this.shadow?.merge(other, placeOf)
    this.version = nextVersion()
  }

  encode(writer: ByteWriter, spill?: Spill): void {
    const {folds, width, latests, sketches} = this.plan
    writer.byte(this.isDoubtful ? DOUBTFUL : this.isRetracted ? RETRACTED : 0)
    writer.count(this.places.length)
    for (const [slot, place] of this.places.entries()) {
      writer.count(place)
      for (let i = 0; i < width; i++) {
        const number = this.numbers[slot * width + i]!
        if (folds[i] === 'sum') writer.whole(number)
        else writeBound(writer, number)
      }
      for (let i = 0; i < latests; i++) writeLatest(writer, this.latest(slot, i))
    }
    this.#encodeBins(writer)
    for (let i = 0; i < sketches; i++) (this.#sketches[i] ?? EMPTY).encode(writer, spill)
  }

  static decode(
    plan: StatesPlan,
    reader: ByteReader,
    at: {readonly start: number; readonly guard: number},
  ): Bucket {
    const bucket = new Bucket(plan, at.start, at.guard)
    const {folds, width, latests, sketches} = plan
    const flag = reader.byte()
    bucket.isRetracted = flag !== 0
    bucket.isDoubtful = flag === DOUBTFUL
    for (let left = reader.count(); left > 0; left--) {
      const slot = bucket.#ensureSlot(reader.count())
      for (let i = 0; i < width; i++) {
        const fold = folds[i]!
        bucket.numbers[slot * width + i] = fold === 'sum' ? reader.whole() : readBound(reader, fold)
      }
      bucket.#events += bucket.numbers[slot * width] as number
      for (let i = 0; i < latests; i++) {
        bucket.#latests ??= []
        bucket.#latests[slot * latests + i] = readLatest(reader)
      }
    }
    bucket.#decodeBins(reader)
    for (let i = 0; i < sketches; i++) {
      const sketch = UniqueSketch.decode(reader)
      if (sketch.isEmpty) continue
      if (bucket.#sketches === NO_SKETCHES) bucket.#sketches = []
      bucket.#sketches[i] = sketch
    }
    return bucket
  }

  #encodeBins(writer: ByteWriter): void {
    if (this.plan.histograms === 0) return
    writer.count(this.#bins?.size ?? 0)
    this.#bins?.forEach((key, count) => {
      writer.count(Math.floor(key / BINS))
      writer.signed((key % BINS) - BINS / 2)
      writer.signed(count)
    })
  }

  #decodeBins(reader: ByteReader): void {
    if (this.plan.histograms === 0) return
    for (let left = reader.count(); left > 0; left--) {
      const line = reader.count()
      const bin = reader.signed()
      ;(this.#bins ??= new Bins()).add(line * BINS + BINS / 2 + bin, reader.signed())
    }
  }

  #addBin(slot: number, at: number, bin: number, count: number): void {
    const key = (slot * this.plan.histograms + at) * BINS + BINS / 2 + bin
    ;(this.#bins ??= new Bins()).add(key, count)
  }

  #ensureSketch(at: number): UniqueSketch {
    if (this.#sketches === NO_SKETCHES) this.#sketches = []
    return (this.#sketches[at] ??= new UniqueSketch())
  }

  /** Without events there is nothing: no bound, no user, nothing that was retracted. */
  #clear(): void {
    this.places.length = 0
    this.numbers.length = 0
    this.#bins = undefined
    this.#latests = undefined
    this.#sketches = NO_SKETCHES
    this.#slots = undefined
    this.isRetracted = false
    this.isDoubtful = false
  }

  /** Counts an event, or takes it out, in what goes back exactly. @returns its slot */
  #count(place: number, {values}: Inputs, times: 1 | -1): number {
    const slot = this.#ensureSlot(place)
    const {numbers, plan} = this
    const {byKind} = plan
    const base = slot * plan.width
    for (const {input, at} of byKind.count) {
      if (values[input] !== null) numbers[base + at] = (numbers[base + at] as number) + times
    }
    for (const {input, at} of byKind.sum) this.#addValue(base + at, values[input], times)
    for (const {input, at} of byKind.squares) {
      this.#addValue(base + at, values[input], times)
      this.#addSquare(base + at + 2, values[input], times)
    }
    for (const {input, at} of byKind.histogram) {
      if (values[input] !== null) this.#addBin(slot, at, values[input] as number, times)
    }
    return slot
  }

  #add(place: number, inputs: Inputs): void {
    const {values} = inputs
    const {plan} = this
    const {byKind} = plan
    const slot = this.#count(place, inputs, 1)
    const base = slot * plan.width
    for (const {input, at} of byKind.min) this.#bound('min', base + at, values[input])
    for (const {input, at} of byKind.max) this.#bound('max', base + at, values[input])
    for (const {input, at} of byKind.uniques) {
      const value = values[input]
      if (value !== null) this.#ensureSketch(at).add(place, entryOf(value as TextHash))
    }
    for (const {input, at} of byKind.latest) {
      const found = latestOf(inputs, values[input])
      if (found !== undefined) this.#keepLatest(slot * plan.latests + at, found)
    }
  }

  #subtract(place: number, inputs: Inputs): void {
    const {values} = inputs
    const {numbers, plan} = this
    const {byKind} = plan
    const slot = this.#count(place, inputs, -1)
    const base = slot * plan.width
    for (const {input, at} of byKind.min) {
      if (values[input] !== null && (values[input] as Whole) <= numbers[base + at]!) {
        this.isRetracted = true
      }
    }
    for (const {input, at} of byKind.max) {
      if (values[input] !== null && (values[input] as Whole) >= numbers[base + at]!) {
        this.isRetracted = true
      }
    }
    for (const {input} of byKind.uniques) if (values[input] !== null) this.isRetracted = true
    for (const {input, at} of byKind.latest) {
      const found = latestOf(inputs, values[input])
      const known = this.latest(slot, at)
      const isOlder = found === undefined || (known !== undefined && isLater(known, found))
      if (!isOlder) this.isRetracted = true
    }
  }

  #addValue(to: number, value: unknown, times: 1 | -1): void {
    if (value === null) return
    const {numbers} = this
    const whole = value as Whole
    numbers[to] = (numbers[to] as number) + times
    numbers[to + 1] = addWhole(numbers[to + 1]!, times === 1 ? whole : negate(whole))
  }

  #addSquare(to: number, value: unknown, times: 1 | -1): void {
    if (value === null) return
    const squared = square(value as Whole)
    this.numbers[to] = addWhole(this.numbers[to]!, times === 1 ? squared : negate(squared))
  }

  #bound(kind: 'min' | 'max', to: number, value: unknown): void {
    if (value === null) return
    const known = this.numbers[to]!
    const whole = value as Whole
    if (kind === 'min' ? whole < known : whole > known) this.numbers[to] = whole
  }

  #keepLatest(to: number, candidate: Latest | undefined): void {
    this.#latests ??= []
    const known = this.#latests[to]
    if (candidate === undefined || (known !== undefined && !isLater(candidate, known))) return
    this.#latests[to] = candidate
  }

  #ensureSlot(place: number): number {
    const known = this.slotOf(place)
    if (known >= 0) return known
    const slot = this.places.push(place) - 1
    for (const fold of this.plan.folds) this.numbers.push(NONE_OF[fold])
    this.#slots?.set(place, slot)
    if (this.#slots === undefined && slot >= SEARCHED_MAX) {
      this.#slots = new Map(this.places.map((one, at) => [one, at]))
    }
    return slot
  }
}

/** Up to here the place's slot is looked for one by one. */
const SEARCHED_MAX = 12
const NONE_OF = {sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY} as const
const RETRACTED = 1
const DOUBTFUL = 2
const EMPTY = new UniqueSketch()
/** Never written to: most rows of some kinds have none. */
const NO_SKETCHES: (UniqueSketch | undefined)[] = []

function writeBound(writer: ByteWriter, bound: Whole): void {
  if (bound === NONE_OF.min || bound === NONE_OF.max) return writer.byte(0)
  writer.byte(1)
  writer.whole(bound)
}

const readBound = (reader: ByteReader, kind: 'min' | 'max'): Whole =>
  reader.byte() === 0 ? NONE_OF[kind] : reader.whole()

function writeLatest(writer: ByteWriter, latest: Latest | undefined): void {
  writer.text(latest === undefined ? '' : JSON.stringify([latest.at, latest.id, latest.value]))
}

function readLatest(reader: ByteReader): Latest | undefined {
  const text = reader.text()
  if (text === '') return undefined
  const [at, id, value] = JSON.parse(text) as [number, Latest['id'], Latest['value']]
  return {at, id, value}
}

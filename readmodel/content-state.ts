/**
 * What one aggregate row of engagement holds: integers per device and event type, from which every
 * figure of docs/METRICS.md follows. The same for a content in total and in a minute, an hour, a
 * day, and for the whole platform.
 */
import {EVENT_TYPES, type EventType} from '../contracts/engagement.ts'
import {ByteReader, type ByteWriter} from './bytes.ts'
import {DEVICES_MAX, OTHER_DEVICE} from './devices.ts'
import {ViewerSketch, type Spill} from './viewer-sketch.ts'

export const TYPE_COUNT = EVENT_TYPES.length
/** Numbers of one cell: events, events with a duration, Σ duration_ms. */
const PER_CELL = 3
const PER_DEVICE = TYPE_COUNT * PER_CELL
/** Above the number of histogram buckets: key = cell * stride + bucket. */
export const BUCKET_STRIDE = 256
const FORMAT = 1

export const typeIndexOf = (type: EventType): number => EVENT_TYPES.indexOf(type)

/** A cell is a device of the row and an event type. */
export const cellOf = (device: number, type: number): number => device * TYPE_COUNT + type

export class ContentState {
  readonly devices: string[] = []
  /** `PER_CELL` numbers for each cell. */
  readonly numbers: number[] = []
  /** First and last event of each cell, microseconds; infinite without events. */
  readonly first: number[] = []
  readonly last: number[] = []
  /** `cell * BUCKET_STRIDE + bucket` to count. */
  readonly histogram = new Map<number, number>()
  viewers = new ViewerSketch()
  /** First and last event, or viewers, include something that was retracted. */
  stale = false

  /** Where the device is, or undefined when the row does not know it. */
  deviceIndexOf(key: string): number | undefined {
    const index = this.devices.indexOf(key)
    if (index >= 0) return index
    if (this.devices.length < DEVICES_MAX) return undefined
    const other = this.devices.indexOf(OTHER_DEVICE)
    return other >= 0 ? other : undefined
  }

  /** Where the device is; a new one is added, `(other)` when the row is full. */
  ensureDevice(key: string): number {
    const known = this.deviceIndexOf(key)
    if (known !== undefined) return known
    const name = this.devices.length < DEVICES_MAX ? key : OTHER_DEVICE
    this.devices.push(name)
    for (let i = 0; i < TYPE_COUNT; i++) {
      this.first.push(Number.POSITIVE_INFINITY)
      this.last.push(Number.NEGATIVE_INFINITY)
    }
    for (let i = 0; i < PER_DEVICE; i++) this.numbers.push(0)
    return this.devices.length - 1
  }

  addEvents(cell: number, count: number): void {
    this.numbers[cell * PER_CELL]! += count
  }

  addDurations(cell: number, count: number, ms: number): void {
    this.numbers[cell * PER_CELL + 1]! += count
    this.numbers[cell * PER_CELL + 2]! += ms
  }

  addToBucket(cell: number, bucket: number, count: number): void {
    const key = cell * BUCKET_STRIDE + bucket
    const next = (this.histogram.get(key) ?? 0) + count
    if (next === 0) this.histogram.delete(key)
    else this.histogram.set(key, next)
  }

  events(cell: number): number {
    return this.numbers[cell * PER_CELL]!
  }

  timed(cell: number): number {
    return this.numbers[cell * PER_CELL + 1]!
  }

  durationMs(cell: number): number {
    return this.numbers[cell * PER_CELL + 2]!
  }

  eventsOfDevice(device: number): number {
    let sum = 0
    for (let type = 0; type < TYPE_COUNT; type++) sum += this.events(cellOf(device, type))
    return sum
  }

  /** Events of a type over all devices. */
  eventsOfType(type: number): number {
    let sum = 0
    for (let device = 0; device < this.devices.length; device++) {
      sum += this.events(cellOf(device, type))
    }
    return sum
  }

  totalDurationMs(): number {
    let sum = 0
    for (let i = 2; i < this.numbers.length; i += PER_CELL) sum += this.numbers[i]!
    return sum
  }

  get bytes(): number {
    return 400 + this.devices.length * 180 + this.histogram.size * 40 + this.viewers.bytes
  }
}

/** The bytes of a row without its viewers: nothing has to be stored beside them. */
export function encodeNumbers(state: ContentState, writer: ByteWriter): Buffer {
  writeNumbers(state, writer)
  NO_VIEWERS.encode(writer, writer)
  return writer.take()
}

const NO_VIEWERS = new ViewerSketch()

/** The bytes of a row; `spill` has to be stored before them. */
export function encodeContentState(
  state: ContentState,
  writer: ByteWriter,
  scratch: ByteWriter,
): {readonly detail: Buffer; readonly spill: Spill | undefined} {
  writeNumbers(state, writer)
  const spill = state.viewers.encode(writer, scratch)
  return {detail: writer.take(), spill}
}

function writeNumbers(state: ContentState, writer: ByteWriter): void {
  writer.byte(FORMAT)
  writer.byte(state.stale ? 1 : 0)
  writer.count(state.devices.length)
  for (const [device, name] of state.devices.entries()) {
    writer.text(name)
    for (let type = 0; type < TYPE_COUNT; type++) writeBounds(state, cellOf(device, type), writer)
    for (let i = 0; i < PER_DEVICE; i++) writer.signed(state.numbers[device * PER_DEVICE + i]!)
  }
  writer.count(state.histogram.size)
  for (const [key, count] of state.histogram) {
    writer.count(key)
    writer.signed(count)
  }
}

function writeBounds(state: ContentState, cell: number, writer: ByteWriter): void {
  const first = state.first[cell]!
  if (!Number.isFinite(first)) return writer.byte(0)
  writer.byte(1)
  writer.double(first)
  writer.double(state.last[cell]!)
}

export function decodeContentState(detail: Buffer): ContentState {
  const reader = new ByteReader(detail)
  const state = new ContentState()
  const format = reader.byte()
  if (format !== FORMAT) throw new RangeError(`unknown format ${format} of an aggregate row`)
  state.stale = reader.byte() === 1
  for (let left = reader.count(); left > 0; left--) {
    state.devices.push(reader.text())
    for (let type = 0; type < TYPE_COUNT; type++) {
      const known = reader.byte() === 1
      state.first.push(known ? reader.double() : Number.POSITIVE_INFINITY)
      state.last.push(known ? reader.double() : Number.NEGATIVE_INFINITY)
    }
    for (let i = 0; i < PER_DEVICE; i++) state.numbers.push(reader.signed())
  }
  for (let left = reader.count(); left > 0; left--) {
    const key = reader.count()
    state.histogram.set(key, reader.signed())
  }
  state.viewers = ViewerSketch.decode(reader)
  return state
}

/** Adds everything that `source` holds to `target`, device by device. For readers. */
export function mergeContentState(target: ContentState, source: ContentState): void {
  const places = source.devices.map(name => target.ensureDevice(name))
  for (const [from, to] of places.entries()) {
    for (let type = 0; type < TYPE_COUNT; type++) {
      const [sourceCell, targetCell] = [cellOf(from, type), cellOf(to, type)]
      target.first[targetCell] = Math.min(target.first[targetCell]!, source.first[sourceCell]!)
      target.last[targetCell] = Math.max(target.last[targetCell]!, source.last[sourceCell]!)
    }
    for (let i = 0; i < PER_DEVICE; i++) {
      target.numbers[to * PER_DEVICE + i]! += source.numbers[from * PER_DEVICE + i]!
    }
  }
  const toCell = (cell: number): number =>
    cellOf(places[Math.floor(cell / TYPE_COUNT)]!, cell % TYPE_COUNT)
  for (const [key, count] of source.histogram) {
    target.addToBucket(toCell(Math.floor(key / BUCKET_STRIDE)), key % BUCKET_STRIDE, count)
  }
  for (const [cell, entry] of source.viewers.entries()) target.viewers.absorb(toCell(cell), entry)
  target.stale ||= source.stale
}

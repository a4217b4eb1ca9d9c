/** Compact bytes of stored states: whole numbers as variable-length ones. */

/** A whole number: a bigint only where it is beyond 2^53. */
export type Whole = number | bigint

const FIRST_BYTES = 1024
const TWO_53 = 2 ** 53

/** Appends values to a buffer that grows; `take` copies out what was written and starts again. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #at = 0

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#at++] = value
  }

  /** A whole number, 0 or more. */
  count(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#at++] = rest
  }

  /** A whole number of either sign: small ones of both take few bytes. */
  signed(value: number): void {
    this.#reserve(8)
    // Twice a number that is beyond 2^52, and one more, would be none: the sign goes into the first byte.
    const sign = value < 0 ? 1 : 0
    const magnitude = sign === 0 ? value : -(value + 1)
    let rest = Math.floor(magnitude / 0x40)
    this.#buffer[this.#at++] = ((magnitude % 0x40) * 2) | sign | (rest > 0 ? 0x80 : 0)
    while (rest > 0) {
      const more = Math.floor(rest / 0x80)
      this.#buffer[this.#at++] = (rest % 0x80) | (more > 0 ? 0x80 : 0)
      rest = more
    }
  }

  /** A whole number as its difference to the one before, both of them safe. */
  step(from: number, to: number): void {
    const step = to - from
    if (Number.isSafeInteger(step)) return this.signed(step)
    // The other way round 2^54, where every number is exact.
    this.signed(step > 0 ? to - TWO_53 - (from + TWO_53) : to + TWO_53 - (from - TWO_53))
  }

  /** A whole number of either sign and any size: six bits of it and the sign, then seven at a time. */
  whole(value: Whole): void {
    if (typeof value === 'bigint') return this.#big(value)
    this.#reserve(9)
    const magnitude = Math.abs(value)
    let rest = Math.floor(magnitude / 64)
    this.#buffer[this.#at++] = (magnitude % 64) | (value < 0 ? 64 : 0) | (rest > 0 ? 128 : 0)
    while (rest > 0) {
      const more = Math.floor(rest / 128)
      this.#buffer[this.#at++] = (rest % 128) | (more > 0 ? 128 : 0)
      rest = more
    }
  }

  #big(value: bigint): void {
    const magnitude = value < 0n ? -value : value
    let rest = magnitude >> 6n
    this.byte(Number(magnitude & 63n) | (value < 0n ? 64 : 0) | (rest > 0n ? 128 : 0))
    for (; rest > 0n; rest >>= 7n) this.byte(Number(rest & 127n) | (rest > 127n ? 128 : 0))
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#at = this.#buffer.writeUInt32LE(value, this.#at)
  }

  double(value: number): void {
    this.#reserve(8)
    this.#at = this.#buffer.writeDoubleLE(value, this.#at)
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.count(length)
    this.#reserve(length)
    this.#at += this.#buffer.write(value, this.#at)
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#at)
    this.#at += value.length
  }

  take(): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#at))
    this.#at = 0
    return taken
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

/** Reads back what a writer wrote, in the same order. */
export class ByteReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#buffer.length
  }

  byte(): number {
    const value = this.#buffer[this.#at++]
    if (value === undefined) throw new RangeError('stored bytes end too early')
    return value
  }

  /** @throws when what follows is of another format */
  format(known: number, of: string): void {
    const format = this.byte()
    if (format !== known) throw new RangeError(`unknown format ${format} of ${of}`)
  }

  count(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }

  signed(): number {
    const first = this.byte()
    let magnitude = (first & 0x7f) >>> 1
    let byte = first
    for (let scale = 0x40; byte >= 0x80; scale *= 0x80) {
      byte = this.byte()
      magnitude += (byte & 0x7f) * scale
    }
    return (first & 1) === 0 ? magnitude : -magnitude - 1
  }

  /** What `step` wrote, after the same number. */
  step(from: number): number {
    const step = this.signed()
    const to = from + step
    if (Number.isSafeInteger(to)) return to
    return step < 0 ? from + TWO_53 + (step + TWO_53) : from - TWO_53 + (step - TWO_53)
  }

  /** What `whole` wrote: a number where that is exact. */
  whole(): Whole {
    const first = this.byte()
    const isNegative = (first & 64) !== 0
    let magnitude = first & 63
    let scale = 64
    for (let byte = first; byte >= 128;) {
      // From here on a byte may be beyond what a number holds.
      if (scale > 2 ** 44) return this.#big(magnitude, scale, isNegative)
      byte = this.byte()
      magnitude += (byte & 127) * scale
      scale *= 128
    }
    return isNegative ? 0 - magnitude : magnitude
  }

  #big(low: number, scale: number, isNegative: boolean): Whole {
    let magnitude = BigInt(low)
    let factor = BigInt(scale)
    for (let byte = 128; byte >= 128; factor *= 128n) {
      byte = this.byte()
      magnitude += BigInt(byte & 127) * factor
    }
    const signed = isNegative ? -magnitude : magnitude
    const number = Number(signed)
    return Number.isSafeInteger(number) ? number : signed
  }

  uint32(): number {
    this.#at += 4
    return this.#buffer.readUInt32LE(this.#at - 4)
  }

  double(): number {
    this.#at += 8
    return this.#buffer.readDoubleLE(this.#at - 8)
  }

  text(): string {
    const length = this.count()
    this.#at += length
    return this.#buffer.toString('utf8', this.#at - length, this.#at)
  }

  bytes(length: number): Buffer {
    this.#at += length
    return this.#buffer.subarray(this.#at - length, this.#at)
  }
}

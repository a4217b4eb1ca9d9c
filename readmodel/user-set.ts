/**
 * Distinct values of a short window: how often each 32-bit hash was seen, so that one can be taken out
 * again. Two values share a hash once in 4 billion pairs: among a million about 0.01 % are missed.
 *
 * Beyond 4,096 the set becomes a sketch of 2^14 registers (0.8 %), and nothing is taken out of it any
 * more: the window passes in minutes.
 */
import type {ByteReader, ByteWriter} from './bytes.ts'
import {estimateRegisters} from './hyperloglog.ts'

export const EXACT_MAX = 4096
const BITS = 14

const COUNTS = 0
const LIST = 1
const REGISTERS = 2

const rankOf = (hash: number, bits: number): number => Math.clz32(hash >>> bits) - bits + 1

function addToRegisters(registers: Uint8Array, hash: number): void {
  const bits = Math.log2(registers.length)
  const index = hash & (registers.length - 1)
  const rank = rankOf(hash, bits)
  if (registers[index]! < rank) registers[index] = rank
}

function toRegisters(hashes: Iterable<number>, bits: number): Uint8Array {
  const registers = new Uint8Array(2 ** bits)
  for (const hash of hashes) addToRegisters(registers, hash)
  return registers
}

/** How a set is written for readers of the moment. */
export interface SetLimits {
  /** Up to so many as a list, else as 2^bits registers. */
  readonly listMax: number
  readonly bits: number
}

export class UserSet {
  #counts = new Map<number, number>()
  #registers: Uint8Array | undefined

  add(hash: number, times: 1 | -1): void {
    if (this.#registers !== undefined) {
      if (times === 1) addToRegisters(this.#registers, hash)
      return
    }
    const next = (this.#counts.get(hash) ?? 0) + times
    if (next === 0) this.#counts.delete(hash)
    else this.#counts.set(hash, next)
    if (this.#counts.size <= EXACT_MAX) return
    this.#registers = toRegisters(this.#counts.keys(), BITS)
    this.#counts = new Map()
  }

  get bytes(): number {
    return 120 + this.#counts.size * 40 + (this.#registers?.length ?? 0)
  }

  encode(writer: ByteWriter): void {
    if (this.#registers !== undefined) return writeRegisters(writer, this.#registers)
    writer.byte(COUNTS)
    writer.count(this.#counts.size)
    for (const [hash, count] of this.#counts) {
      writer.uint32(hash)
      writer.signed(count)
    }
  }

  /** For readers: without how often each was seen. */
  encodeLive(writer: ByteWriter, {listMax, bits}: SetLimits): void {
    if (this.#registers !== undefined) return writeRegisters(writer, this.#registers)
    if (this.#counts.size > listMax) {
      return writeRegisters(writer, toRegisters(this.#counts.keys(), bits))
    }
    writer.byte(LIST)
    writer.count(this.#counts.size)
    for (const hash of this.#counts.keys()) writer.uint32(hash)
  }

  static decode(reader: ByteReader): UserSet {
    const set = new UserSet()
    readInto(reader, {
      hash: (hash, count) => void set.#counts.set(hash, count),
      registers(registers) {
        set.#registers = registers
      },
    })
    return set
  }
}

function writeRegisters(writer: ByteWriter, registers: Uint8Array): void {
  writer.byte(REGISTERS)
  writer.byte(Math.log2(registers.length))
  writer.bytes(registers)
}

function readInto(
  reader: ByteReader,
  into: {hash(hash: number, count: number): void; registers(registers: Uint8Array): void},
): void {
  const kind = reader.byte()
  if (kind === REGISTERS) {
    into.registers(Uint8Array.from(reader.bytes(2 ** reader.byte())))
    return
  }
  for (let left = reader.count(); left > 0; left--) {
    const hash = reader.uint32()
    into.hash(hash, kind === COUNTS ? reader.signed() : 1)
  }
}

/** The union of sets: exact while all of them are. */
export class UserUnion {
  readonly #hashes = new Set<number>()
  #registers: Uint8Array | undefined

  /** Adds what `encode` or `encodeLive` wrote. */
  read(reader: ByteReader): void {
    readInto(reader, {
      hash: hash => {
        if (this.#registers === undefined) this.#hashes.add(hash)
        else addToRegisters(this.#registers, hash)
      },
      registers: registers => this.#merge(registers),
    })
  }

  get size(): number {
    return this.#registers === undefined
      ? this.#hashes.size
      : estimateRegisters(this.#registers, 32)
  }

  #merge(registers: Uint8Array): void {
    const mine = this.#registers ?? toRegisters(this.#hashes, Math.log2(registers.length))
    this.#hashes.clear()
    const [large, small] = mine.length >= registers.length ? [mine, registers] : [registers, mine]
    // Readers of the moment may get fewer registers than the stored ones: the smaller number decides.
    const merged = fold(large, small.length)
    for (let i = 0; i < small.length; i++) if (merged[i]! < small[i]!) merged[i] = small[i]!
    this.#registers = merged
  }
}

/**
 * Registers as if they had been made with fewer: the index loses its high bits, which then come last in
 * the hash that the rank is taken from. Where those are not zero, the rank ends in them.
 */
function fold(registers: Uint8Array, size: number): Uint8Array {
  if (registers.length === size) return Uint8Array.from(registers)
  const folded = new Uint8Array(size)
  const bits = Math.log2(registers.length)
  const lost = bits - Math.log2(size)
  const rest = 32 - bits
  for (let index = 0; index < registers.length; index++) {
    const rank = registers[index]!
    if (rank === 0) continue
    const high = Math.floor(index / size)
    // Leading zeros of the whole rest come first; only when it is all zeros do the lost bits count.
    const wider = rank <= rest ? rank : rest + Math.clz32(high) - (32 - lost) + 1
    const at = index & (size - 1)
    if (folded[at]! < wider) folded[at] = wider
  }
  return folded
}

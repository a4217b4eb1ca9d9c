/**
 * Distinct users of a short window, exact and retractable: how often each 32-bit hash was seen.
 * Two users share a hash once in 4 billion pairs: among a million users about 0.01 % are missed.
 * For Redis a large set becomes a HyperLogLog of fixed size.
 */
import type {ByteReader, ByteWriter} from './bytes.ts'
import {estimateRegisters} from './hyperloglog.ts'
import {hashUser} from './user-hash.ts'

export class UserCounts {
  readonly counts = new Map<number, number>()

  add(userId: string, times: 1 | -1): void {
    const hash = hashUser(userId).low
    const next = (this.counts.get(hash) ?? 0) + times
    if (next === 0) this.counts.delete(hash)
    else this.counts.set(hash, next)
  }

  encode(writer: ByteWriter): void {
    writer.count(this.counts.size)
    for (const [hash, count] of this.counts) {
      writer.uint32(hash)
      writer.signed(count)
    }
  }

  static decode(reader: ByteReader): UserCounts {
    const users = new UserCounts()
    for (let left = reader.count(); left > 0; left--) {
      const hash = reader.uint32()
      users.counts.set(hash, reader.signed())
    }
    return users
  }
}

const LIST = 0
const REGISTERS = 1

const rankOf = (hash: number, bits: number): number => Math.clz32(hash >>> bits) - bits + 1

/** Users as bytes of limited size: up to `listMax` hashes, else 2^bits registers. */
export function writeUsers(
  users: UserCounts,
  writer: ByteWriter,
  {listMax, bits}: {readonly listMax: number; readonly bits: number},
): void {
  if (users.counts.size <= listMax) {
    writer.byte(LIST)
    writer.count(users.counts.size)
    for (const hash of users.counts.keys()) writer.uint32(hash)
    return
  }
  const registers = new Uint8Array(2 ** bits)
  for (const hash of users.counts.keys()) addToRegisters(registers, hash, bits)
  writer.byte(REGISTERS)
  writer.byte(bits)
  writer.bytes(registers)
}

function addToRegisters(registers: Uint8Array, hash: number, bits: number): void {
  const index = hash & (2 ** bits - 1)
  const rank = rankOf(hash, bits)
  if (registers[index]! < rank) registers[index] = rank
}

/** The union of users of several windows: exact while all of them are lists. */
export class UserUnion {
  readonly #hashes = new Set<number>()
  #registers: Uint8Array | undefined

  addCounts(users: UserCounts): void {
    for (const hash of users.counts.keys()) this.#add(hash)
  }

  read(reader: ByteReader): void {
    if (reader.byte() === LIST) {
      for (let left = reader.count(); left > 0; left--) this.#add(reader.uint32())
      return
    }
    const bits = reader.byte()
    const registers = reader.bytes(2 ** bits)
    this.#toRegisters(bits)
    const mine = this.#registers!
    for (let i = 0; i < mine.length; i++) if (mine[i]! < registers[i]!) mine[i] = registers[i]!
  }

  get size(): number {
    if (this.#registers === undefined) return this.#hashes.size
    return estimateRegisters(this.#registers, 32)
  }

  #add(hash: number): void {
    if (this.#registers === undefined) this.#hashes.add(hash)
    else addToRegisters(this.#registers, hash, Math.log2(this.#registers.length))
  }

  #toRegisters(bits: number): void {
    if (this.#registers !== undefined) return
    this.#registers = new Uint8Array(2 ** bits)
    for (const hash of this.#hashes) addToRegisters(this.#registers, hash, bits)
    this.#hashes.clear()
  }
}

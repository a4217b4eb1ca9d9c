/** One 10 s step of one source partition: what every content got in it. */
import {EVENT_TYPES} from '../contracts/engagement.ts'
import {ByteReader, type ByteWriter} from './bytes.ts'
import {UserCounts, UserUnion, writeUsers} from './user-counts.ts'

const TYPES = EVENT_TYPES.length
const FORMAT = 1
/** Viewers of a content and step in Redis: exact up to so many, then 2^12 registers (1.6 %). */
const LIVE_USERS = {listMax: 1000, bits: 12} as const

export interface LeaderboardEntry {
  /** By event type. */
  readonly events: number[]
  readonly durationMs: number[]
  readonly users: UserCounts
}

export class LeaderboardState {
  readonly contents = new Map<string, LeaderboardEntry>()
  /** Contents that changed since they were last taken for Redis. */
  changed = new Set<string>()
  #users = 0

  update(
    contentId: string,
    type: number,
    change: {times: 1 | -1; ms: number; user: string | null},
  ): void {
    let entry = this.contents.get(contentId)
    if (entry === undefined) {
      entry = emptyEntry()
      this.contents.set(contentId, entry)
    }
    const {times, ms, user} = change
    entry.events[type]! += times
    entry.durationMs[type]! += times * ms
    if (user !== null) {
      const before = entry.users.counts.size
      entry.users.add(user, times)
      this.#users += entry.users.counts.size - before
    }
    this.changed.add(contentId)
  }

  get bytes(): number {
    return 300 + this.contents.size * 450 + this.#users * 40
  }
}

const emptyEntry = (): LeaderboardEntry => ({
  events: Array.from({length: TYPES}, () => 0),
  durationMs: Array.from({length: TYPES}, () => 0),
  users: new UserCounts(),
})

function writeNumbers(entry: LeaderboardEntry, writer: ByteWriter): void {
  for (const count of entry.events) writer.signed(count)
  for (const ms of entry.durationMs) writer.signed(ms)
}

export function encodeLeaderboard(state: LeaderboardState, writer: ByteWriter): Buffer {
  writer.byte(FORMAT)
  writer.count(state.contents.size)
  for (const [contentId, entry] of state.contents) {
    writer.bytes(Buffer.from(contentId.replaceAll('-', ''), 'hex'))
    writeNumbers(entry, writer)
    entry.users.encode(writer)
  }
  return writer.take()
}

const HYPHENS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/

export function decodeLeaderboard(detail: Buffer): LeaderboardState {
  const reader = new ByteReader(detail)
  const state = new LeaderboardState()
  if (reader.byte() !== FORMAT) throw new RangeError('unknown format of a leaderboard step')
  for (let left = reader.count(); left > 0; left--) {
    const contentId = reader.bytes(16).toString('hex').replace(HYPHENS, '$1-$2-$3-$4-$5')
    const numbers = Array.from({length: 2 * TYPES}, () => reader.signed())
    const users = UserCounts.decode(reader)
    state.contents.set(contentId, {
      events: numbers.slice(0, TYPES),
      durationMs: numbers.slice(TYPES),
      users,
    })
  }
  return state
}

/** What Redis holds of one content and step. */
export function encodeLiveEntry(entry: LeaderboardEntry, writer: ByteWriter): Buffer {
  writeNumbers(entry, writer)
  writeUsers(entry.users, writer, LIVE_USERS)
  return writer.take()
}

/** Sums over steps and partitions of one content. */
export interface WindowSums {
  readonly events: number[]
  readonly durationMs: number[]
  readonly users: UserUnion
}

export const emptySums = (): WindowSums => ({
  events: Array.from({length: TYPES}, () => 0),
  durationMs: Array.from({length: TYPES}, () => 0),
  users: new UserUnion(),
})

export function addLiveEntry(sums: WindowSums, bytes: Buffer): void {
  const reader = new ByteReader(bytes)
  for (let i = 0; i < TYPES; i++) sums.events[i]! += reader.signed()
  for (let i = 0; i < TYPES; i++) sums.durationMs[i]! += reader.signed()
  sums.users.read(reader)
}

export function addEntry(sums: WindowSums, entry: LeaderboardEntry): void {
  for (let i = 0; i < TYPES; i++) {
    sums.events[i]! += entry.events[i]!
    sums.durationMs[i]! += entry.durationMs[i]!
  }
  sums.users.addCounts(entry.users)
}

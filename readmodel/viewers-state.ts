/** Users with an event in one 10 s step of one source partition. */
import {ByteReader, type ByteWriter} from './bytes.ts'
import {UserCounts, writeUsers, type UserUnion} from './user-counts.ts'

const FORMAT = 1
/** Exact up to so many users of a step and partition, then 2^14 registers (0.8 %). */
const LIVE_USERS = {listMax: 4000, bits: 14} as const

export class ViewersState {
  users = new UserCounts()

  get bytes(): number {
    return 200 + this.users.counts.size * 40
  }
}

export function encodeViewers(state: ViewersState, writer: ByteWriter): Buffer {
  writer.byte(FORMAT)
  state.users.encode(writer)
  return writer.take()
}

export function decodeViewers(detail: Buffer): ViewersState {
  const reader = new ByteReader(detail)
  if (reader.byte() !== FORMAT) throw new RangeError('unknown format of a viewers step')
  const state = new ViewersState()
  state.users = UserCounts.decode(reader)
  return state
}

export function encodeLiveViewers(state: ViewersState, writer: ByteWriter): Buffer {
  writeUsers(state.users, writer, LIVE_USERS)
  return writer.take()
}

export const addLiveViewers = (union: UserUnion, bytes: Buffer): void =>
  union.read(new ByteReader(bytes))

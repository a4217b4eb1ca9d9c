/** What tables of aggregate rows have in common. */
import type {PlacedStatement} from './batches.ts'
import type {Fence} from './fence.ts'
import type {DroppedPart} from './parts.ts'

export type {PlacedStatement} from './batches.ts'

/** One aggregate row's state as statements, taken as it is at this moment. */
export interface EncodedState {
  /** What is too large for its row. Durable before any row: none names what is not there. */
  readonly parts: readonly PlacedStatement[]
  /** Durable before `rows`. */
  readonly before: readonly PlacedStatement[]
  readonly rows: readonly PlacedStatement[]
  /** Called when all of it is durable. */
  readonly commit: () => void
}

/** What an owner says about parts of states that are stored beside their rows. */
export interface Naming {
  /** A name that no other part has, nor ever will. */
  readonly namePart: () => number
  /** No row that is durable names the part any more. */
  readonly drop: (part: DroppedPart) => void
}

/** How states of one projection are stored. */
export interface StateTable<State> {
  /** States that are stored, by key; spilled parts are read too. */
  load(keys: readonly string[], partition: number): Promise<ReadonlyMap<string, State>>
  /** Reads what the state says is missing. Absent: nothing ever is. */
  loadMissing?(key: string, state: State, partition: number): Promise<void>
  encode(key: string, state: State, fence: Fence, naming: Naming): EncodedState
}

/** States of rows that are read one by one; null where there is none. */
export async function loadEach<State>(
  keys: readonly string[],
  read: (key: string) => Promise<State | null>,
): Promise<ReadonlyMap<string, State>> {
  const found = await Promise.all(keys.map(async key => [key, await read(key)] as const))
  return new Map(found.flatMap(([key, state]) => (state === null ? [] : [[key, state]])))
}

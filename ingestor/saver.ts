/** Writes the cursor beside the reading, seldom enough to leave no trail of dead rows. */
import type {Cursor} from './snapshot-cursor.ts'

/** At least this often a cursor that nothing but the snapshot moved is written, milliseconds. */
const IDLE_SAVE_MS = 10_000

export interface Saver {
  /** Everything up to `cursor` is published; `moved` when there was something to publish. */
  acknowledge(cursor: Cursor, moved: boolean): void
  /** Starts a write when one is due; its failure is thrown by the next call. */
  saveIfDue(now: number): void
  /** How long until a write of something published is due. */
  dueInMs(now: number): number
  settle(): Promise<void>
  /** Resolves when what was acknowledged last is written. */
  flush(): Promise<void>
  /** Writes the last state and gives the lane up in an orderly way. */
  release(): Promise<void>
}

export function createSaver(
  start: Cursor,
  deps: {
    saveCursor(cursor: Cursor, options: {readonly release: boolean}): Promise<void>
    now(): number
  },
  options: {readonly saveEveryMs: number},
): Saver {
  let acknowledged = start
  let saved = start
  let savedAt = deps.now()
  let saving: Promise<void> | undefined
  let failure: {readonly error: unknown} | undefined
  let hasMoved = false
  async function write(cursor: Cursor): Promise<void> {
    try {
      await deps.saveCursor(cursor, {release: false})
      saved = cursor
    } catch (error) {
      failure = {error}
    } finally {
      saving = undefined
    }
  }
  async function settle(): Promise<void> {
    await saving
    if (failure !== undefined) throw failure.error
  }
  return {
    acknowledge(cursor, moved) {
      acknowledged = cursor
      hasMoved ||= moved
    },
    saveIfDue(now) {
      if (failure !== undefined) throw failure.error
      if (saving !== undefined || acknowledged === saved) return
      const everyMs = hasMoved ? options.saveEveryMs : IDLE_SAVE_MS
      if (now - savedAt < everyMs) return
      const cursor = acknowledged
      savedAt = now
      hasMoved = false
      saving = write(cursor)
    },
    dueInMs(now) {
      if (!hasMoved) return Infinity
      return Math.max(1, options.saveEveryMs - (now - savedAt))
    },
    settle,
    async flush() {
      await settle()
      if (acknowledged === saved) return
      savedAt = deps.now()
      hasMoved = false
      saving = write(acknowledged)
      await settle()
    },
    async release() {
      await settle()
      await deps.saveCursor(acknowledged, {release: true})
    },
  }
}

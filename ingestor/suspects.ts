/**
 * Finds the row that ends the process, whatever it does to it, so that it can be put aside.
 *
 * Guarantees    INV-112: where processes ended again and again without getting further, rows go one by one, each
 *               noted before it is read. One that was noted at three ends is put aside unread; no other row is.
 * Does not      cost anything where processes end in an orderly way.
 */
import {classifyPostgresError, type Client} from '../platform/postgres.ts'
import type {LaneEpochId, OutboxPage} from './outbox-reader.ts'
import {PipelineError} from '../platform/errors.ts'

/** What is known of the ends of a lane's owners; `take_lane` counts them. */
export interface Ends {
  /** Processes that ended since the cursor was saved last. */
  readonly ends: number
  /** The row that the last of them had noted, and how many had. */
  readonly suspect: number | null
  readonly suspectEnds: number
}

/** Fewer ends may have any cause, and may befall any row. */
const CAREFUL_ENDS = 2
const GUILTY_ENDS = 3

/** Whether rows go one by one. Pure. */
export const isCareful = ({ends}: Ends): boolean => ends >= CAREFUL_ENDS

/** Whether the row has ended enough processes. Pure. */
export const isGuilty = ({suspect, suspectEnds}: Ends, id: number): boolean =>
  suspect === id && suspectEnds >= GUILTY_ENDS

const condemnation = ({suspectEnds}: Ends): PipelineError =>
  new PipelineError('ENDED_PROCESS', `the relay ended ${suspectEnds} times while it had the row`, {
    disposition: 'dead-letter',
  })

const NOTE = `
UPDATE cdc.relay_cursor
   SET suspect_ends = CASE WHEN suspect_id = $3 THEN suspect_ends ELSE 0 END, suspect_id = $3
 WHERE lane = $1 AND epoch = $2`
const CLEAR = `
UPDATE cdc.relay_cursor SET suspect_id = NULL, suspect_ends = 0 WHERE lane = $1 AND epoch = $2`
const FORGET = `
UPDATE cdc.relay_cursor SET ends = 0, suspect_id = NULL, suspect_ends = 0
 WHERE lane = $1 AND epoch = $2`

/** Lets one at a time go on: what ends the process then is what that one has. */
export interface Turns {
  /** Resolves when it is our turn, to what ends it. */
  take(): Promise<() => void>
}

export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve()
  return {
    async take() {
      const before = last
      const {promise, resolve} = Promise.withResolvers<void>()
      last = promise
      await before
      return resolve
    },
  }
}

export interface WatchDeps {
  readonly client: Client
  readonly turns: Turns
  /** What is behind a page of no bytes: the next row without its payload. */
  readonly peek: () => Promise<OutboxPage>
  /** The next row. */
  readonly read: () => Promise<OutboxPage>
  /** The row is to be put aside. */
  readonly condemn: (id: number, why: PipelineError) => void
}

export interface Watch {
  /** True while the next row is to be read by itself. */
  isLooking(): boolean
  /** True until the last such row is through. */
  isOn(): boolean
  /** The next row, noted. To be called when the one before it is through, and the cursor saved behind it. */
  next(deps: WatchDeps): Promise<OutboxPage>
  /** Nothing is noted any more, and rows go in pages. */
  end(): Promise<void>
  /** The cursor was saved. */
  saved(client: Client): Promise<void>
}

/** @param rows so many go one by one: the pages in which a process may have ended */
export function createWatch(of: LaneEpochId, found: Ends, rows: number): Watch {
  let ends = found
  let left = isCareful(found) ? rows : 0
  let finish: (() => Promise<void>) | undefined
  const run = async (
    client: Client,
    text: string,
    values: readonly number[] = [],
  ): Promise<void> => {
    try {
      await client.query(text, [of.lane, of.epoch, ...values])
    } catch (error) {
      throw classifyPostgresError(error)
    }
  }
  const isOn = (): boolean => left > 0 || finish !== undefined
  async function done(): Promise<void> {
    const now = finish
    finish = undefined
    await now?.()
  }
  return {
    isLooking: () => left > 0,
    isOn,
    async next({client, turns, peek, read, condemn}) {
      await done()
      const leave = await turns.take()
      finish = async () => {
        await run(client, CLEAR).finally(leave)
      }
      const page = await peek()
      const {behind: row} = page
      if (row === undefined) {
        await done()
        return page
      }
      left -= 1
      if (isGuilty(ends, row.id)) {
        condemn(row.id, condemnation(ends))
        return {answer: {kind: 'page', rowCount: 1, limit: 1, lastId: row.id}, rows: [row]}
      }
      await run(client, NOTE, [row.id])
      return await read()
    },
    async end() {
      left = 0
      await done()
    },
    async saved(client) {
      if (ends.ends === 0 || isOn()) return
      ends = {ends: 0, suspect: null, suspectEnds: 0}
      await run(client, FORGET)
    },
  }
}

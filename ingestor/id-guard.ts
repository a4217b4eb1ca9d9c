/**
 * Lets through what may be published: ids that nobody else had, of commits that no crash undoes.
 *
 * Guarantees    INV-108 (with id-ceiling.ts). INV-109: nothing is published that is not flushed to disk.
 */
import {PipelineError} from '../platform/errors.ts'
import {classifyPostgresError, type Pool} from '../platform/postgres.ts'
import {wentBack} from './history.ts'
import type {Taken} from './leases.ts'
import type {OutboxPage} from './outbox-reader.ts'

export interface IdGuard {
  /** @throws `STATE_CONTRADICTS` (retry) when ids were given twice: they are given anew when the lane is taken again */
  admit(page: OutboxPage): Promise<void>
  /** Resolves when ids up to this one may be published. */
  allow(highestId: number): Promise<void>
}

export interface IdGuardDeps {
  readonly voidIds: Taken['voidIds']
  /** The highest id that was published of the lane. */
  readonly published: () => number
  /** Resolves when everything committed is on disk. */
  readonly flush: () => Promise<void>
  /** Allows more ids; resolves to the first that is not allowed. */
  readonly raise: () => Promise<number>
  /** Milliseconds, monotonic. */
  readonly now: () => number
}

/** An older state of the database differs from the present one after this time, if anything was published. */
const RAISE_EVERY_MS = 60_000

const twice = (what: string): PipelineError =>
  new PipelineError('STATE_CONTRADICTS', what, {disposition: 'retry'})

export function createIdGuard({voidIds, published, flush, raise, now}: IdGuardDeps): IdGuard {
  let below = 0
  let raisedAt = Number.NEGATIVE_INFINITY
  const isVoid = ({id}: {readonly id: number}): boolean => id > voidIds.from && id < voidIds.to
  return {
    async admit({rows, lastId, mustFlush}) {
      if (lastId !== undefined && lastId < published()) throw twice(wentBack(lastId, published()))
      const found = rows.find(isVoid)
      if (found !== undefined)
        throw twice(`id ${found.id} was given before, in a state that is lost`)
      if (mustFlush === true && rows.length > 0) await flush()
    },
    async allow(highestId) {
      if (highestId < below && now() - raisedAt < RAISE_EVERY_MS) return
      below = await raise()
      raisedAt = now()
    },
  }
}

/** Resolves when everything that is committed is on disk. */
export async function flushCommits(pool: Pool): Promise<void> {
  try {
    await pool.query('SELECT cdc.flush()')
  } catch (error) {
    throw classifyPostgresError(error)
  }
}

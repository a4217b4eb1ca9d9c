/**
 * Which generation of the read model each stream is answered from: looked at once a second, so that a switch is
 * seen before the older one goes.
 */
import {pause, type Loop} from '../../platform/lifecycle.ts'
import {servedOf, type Generation} from '../../readmodel/generations.ts'
import {incomplete} from '../problem.ts'

export interface Served extends Loop {
  /**
   * @throws `retry` while Cassandra has never answered; 503 when the stream has no tables
   */
  of(stream: string): Promise<Generation>
  /** Every one there is, as looked at last. */
  all(): Promise<readonly Generation[]>
}

const LOOK_EVERY_MS = 1000
/** What was seen longer ago is looked at again before it is believed: the process may have been stopped. */
const OLD_MS = 4000

export function createServed(
  read: () => Promise<readonly Generation[]>,
  now: () => number,
): Served {
  let known: readonly Generation[] | undefined
  let seenMs = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | undefined

  const look = (): Promise<void> => {
    looking ??= (async () => {
      const at = now()
      try {
        known = await read()
        seenMs = at
      } finally {
        looking = undefined
      }
    })()
    return looking
  }

  const all = async (): Promise<readonly Generation[]> => {
    // While Cassandra is away what is known goes on: Redis may answer.
    if (known === undefined) await look()
    else if (now() - seenMs > OLD_MS) await look().catch(() => undefined)
    return known!
  }

  return {
    name: 'served',
    all,
    async of(stream) {
      const served = servedOf(await all(), stream)
      if (served !== null) return served
      throw incomplete(stream, 'it has no tables: npm run init')
    },
    async run(signal) {
      while (!signal.aborted) {
        await look().catch(() => undefined)
        await pause(LOOK_EVERY_MS, signal)
      }
    },
  }
}

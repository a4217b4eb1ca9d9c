/** A lock that its holder cannot forget: it is void as soon as the holder's process is gone. */
import {linkSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {holderOf, startTimeOf, type Holder} from '../platform/process-identity.ts'

export type Lock =
  | {readonly kind: 'taken'; release(): void}
  | {readonly kind: 'held'; readonly holder: Holder}

/** Takes the lock file `path`, or says who holds it. */
export function takeLock(path: string): Lock {
  const mine = `${path}.${process.pid}`
  writeFileSync(mine, JSON.stringify({pid: process.pid, startedAt: startTimeOf(process.pid)}))
  try {
    for (;;) {
      try {
        // A link appears with its content: nobody ever reads a lock that is half written.
        linkSync(mine, path)
        return {kind: 'taken', release: () => rmSync(path, {force: true})}
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const holder = holderOf(path)
      if (holder !== undefined) return {kind: 'held', holder}
      moveAway(path)
    }
  } finally {
    rmSync(mine, {force: true})
  }
}

/** Of several that find a void lock only one gets it out of the way. */
function moveAway(path: string): void {
  const aside = `${path}.void.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  // Somebody was quicker and this is already the next lock: put it back.
  if (holderOf(aside) !== undefined) {
    try {
      linkSync(aside, path)
    } catch {
      // A third one holds it; the second finds its lock gone at release only, which does no harm.
    }
  }
  rmSync(aside, {force: true})
}

/** How far a run is, in a file: one that was interrupted goes on there. */
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname} from 'node:path'
import type {Place} from './differences.ts'
import type {StreamResult} from './report.ts'

export interface Progress {
  /** Which keyspace and database were compared: a run over others does not go on here. */
  readonly of: string
  /** Streams that are done. */
  readonly done: readonly StreamResult[]
  /** Of the present stream, keys up to this one are done. */
  readonly after: string | null
  readonly keys: number
  /** What differed at first sight. */
  readonly suspects: readonly Place[]
}

export interface ProgressFile {
  read(): Progress
  keep(progress: Omit<Progress, 'of'>): void
  drop(): void
}

export function openProgress(file: string, of: string, isResumed: boolean): ProgressFile {
  const none: Progress = {of, done: [], after: null, keys: 0, suspects: []}
  return {
    read() {
      if (!isResumed || !existsSync(file)) return none
      try {
        const kept = JSON.parse(readFileSync(file, 'utf8')) as Progress
        return kept.of === of && Array.isArray(kept.suspects) ? kept : none
      } catch {
        // It was killed while it wrote: from the beginning, then.
        return none
      }
    },
    keep(progress) {
      mkdirSync(dirname(file), {recursive: true})
      writeFileSync(file, JSON.stringify({of, ...progress}))
    },
    drop: () => rmSync(file, {force: true}),
  }
}

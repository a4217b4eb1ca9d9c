/**
 * Classes of a Java server as they were loaded (class data sharing): written when it ends, mapped at its next start,
 * which then needs a third less of CPU. Java itself refuses an archive of other jars or another Java.
 */
import {createHash} from 'node:crypto'
import {existsSync, globSync, mkdirSync, renameSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import type {StackConfig} from './config.ts'
import type {Java} from './java.ts'
import type {Exit} from './processes.ts'

/** What Java answers with when SIGTERM ended it in an orderly way: the archive is whole then. */
const ENDED_BY_US = 143

export interface ClassArchive {
  readonly args: readonly string[]
  readonly onEnd: (exit: Exit) => void
}

/** @param library folder with the jars; each version has its own */
export function openClassArchive(
  {cache, durable}: Pick<StackConfig, 'cache' | 'durable'>,
  {name, library, java}: {readonly name: string; readonly library: string; readonly java: Java},
): ClassArchive {
  const folder = join(cache, 'classes')
  const of = createHash('sha256').update(`${library}\n${java.home}`).digest('hex').slice(0, 8)
  const archive = join(folder, `${name}-${of}.jsa`)
  if (existsSync(archive)) {
    return {args: [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off'], onEnd: () => undefined}
  }
  // Writing takes seconds at the end: not for servers that are started once, and thrown away.
  if (!durable) return {args: [], onEnd: () => undefined}
  mkdirSync(folder, {recursive: true})
  const written = `${archive}.${process.pid}`
  return {
    args: [`-XX:ArchiveClassesAtExit=${written}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off'],
    onEnd({code}) {
      if (code === ENDED_BY_US && existsSync(written)) renameSync(written, archive)
      for (const left of globSync(`${archive}.*`)) rmSync(left, {force: true})
    },
  }
}

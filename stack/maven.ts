/** Downloads servers from Maven repositories, once per version, into a cache beside the data. */
import {spawn} from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {delimiter, join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {createDownloadProgress} from './download-progress.ts'
import {StackError} from './errors.ts'
import {takeLock} from './lock.ts'
import {templatePath} from './template.ts'

export interface Library {
  readonly name: string
  readonly version: string
  /** A project file of which the runtime dependencies are wanted, or one artifact to unpack. */
  /** About how much is downloaded, for the bar. */
  readonly megabytes: number
  readonly from: {readonly pom: string} | {readonly artifact: string}
}

export interface Fetcher {
  /** The folder that holds the library; downloads it when it is not there. */
  fetch(library: Library): Promise<string>
}

interface FetchOptions {
  readonly cache: string
  readonly javaHome: string
  readonly path: string
  readonly progress: (text: string) => void
}

const folderOf = (cache: string, {name, version}: Library): string =>
  join(cache, `${name}-${version}`)

/** One download at a time, also among processes: Maven's own cache does not like it otherwise. */
export function createFetcher(options: FetchOptions): Fetcher {
  let last: Promise<unknown> = Promise.resolve()
  return {
    async fetch(library) {
      const target = folderOf(options.cache, library)
      if (existsSync(target)) return target
      const mine = last.then(async () => await download(library, target, options))
      // A failed download is reported to who asked for it; the next one may still work.
      last = mine.catch(() => undefined)
      await mine
      return target
    },
  }
}

async function download(library: Library, target: string, options: FetchOptions): Promise<void> {
  const maven = findMaven(options.path, library.name)
  const release = await lockCache(options.cache)
  try {
    if (existsSync(target)) return
    const partial = `${target}.partial`
    rmSync(partial, {recursive: true, force: true})
    mkdirSync(partial, {recursive: true})
    await runMaven(maven, goalFor(library, partial), {...options, ...library})
    // Seen whole or not at all: an interrupted download leaves no folder of this name.
    renameSync(partial, target)
  } finally {
    release()
  }
}

function goalFor({from}: Library, folder: string): readonly string[] {
  if ('pom' in from) {
    return [
      '-f',
      templatePath(from.pom),
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${folder}`,
    ]
  }
  return ['dependency:unpack', `-Dartifact=${from.artifact}`, `-DoutputDirectory=${folder}`]
}

function findMaven(path: string, wanted: string): string {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, 'mvn')
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // Not in this folder.
    }
  }
  throw new StackError(
    `Maven is needed once, to download ${wanted}: there is no mvn on PATH. ` +
      'Install it (Debian: apt install maven)',
  )
}

async function runMaven(
  maven: string,
  goal: readonly string[],
  {name, megabytes, javaHome, cache, progress}: FetchOptions & Pick<Library, 'megabytes' | 'name'>,
): Promise<void> {
  // Not in batch mode (-B): there it does not say how far a large file is.
  const child = spawn(maven, goal, {
    // A folder without a project of its own, so that none is picked up.
    cwd: cache,
    env: {...process.env, JAVA_HOME: javaHome},
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const follow = createDownloadProgress(name, megabytes, progress)
  const read = (chunk: Buffer): void => {
    const text = chunk.toString('utf8')
    output += text
    follow(text)
  }
  progress(`downloading ${name}`)
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const {promise, resolve, reject} = Promise.withResolvers<number | null>()
  child.once('error', reject)
  child.once('close', resolve)
  if ((await promise) === 0) return
  const log = join(cache, `${name}.download.log`)
  writeFileSync(log, output)
  const errors = output.split('\n').filter(line => line.includes('[ERROR]'))
  throw new StackError(
    `${name} could not be downloaded; Maven says:\n${errors.slice(0, 5).join('\n')}\nAll of it: ${log}`,
  )
}

/** Waits until no other process downloads into the cache. */
async function lockCache(cache: string): Promise<() => void> {
  mkdirSync(cache, {recursive: true})
  for (;;) {
    const lock = takeLock(join(cache, 'download.lock'))
    if (lock.kind === 'taken') return () => lock.release()
    await sleep(500)
  }
}

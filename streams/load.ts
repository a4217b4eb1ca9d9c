/**
 * Finds the streams: what the files of a folder export and `stream()` made.
 *
 * Does not      know any of them: another folder (STREAMS_FOLDER) is another pipeline.
 */
import {readdirSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {isStream, type Stream} from '../contracts/stream.ts'

const isDeclaration = (file: string): boolean =>
  file.endsWith('.ts') && !/(^load|\.test|\.d)\.ts$/.test(file)

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter(isDeclaration).toSorted()
  } catch (error) {
    throw new TypeError(`there is no folder of streams ${folder}: set STREAMS_FOLDER`, {
      cause: error,
    })
  }
}

async function readExports(file: string): Promise<readonly Stream[]> {
  try {
    const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>
    return Object.values(module).filter(isStream)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TypeError(`${file}: ${why}`, {cause: error})
  }
}

/** @throws when two have the same of what has to be their own */
function checkApart(streams: readonly Stream[]): void {
  for (const what of ['name', 'topic', 'table', 'rawTable'] as const) {
    const owners = new Map<string, Stream>()
    for (const stream of streams) {
      const other = owners.get(stream[what])
      owners.set(stream[what], stream)
      if (other === undefined) continue
      throw new TypeError(
        `streams ${other.name} and ${stream.name} have the same ${what} ${stream[what]}: each needs its own`,
      )
    }
  }
}

function checkParts({name, shows}: Stream, all: readonly Stream[]): void {
  for (const {stream: shown} of shows) {
    if (all.some(other => other.name === shown.name)) continue
    throw new TypeError(
      `stream ${name} shows ${shown.name}, which is none of the streams: export it from a file of the folder`,
    )
  }
}

/** Reference streams first, since others show them; then by name. */
const compareStreams = (a: Stream, b: Stream): number =>
  Number(b.isReference) - Number(a.isReference) || (a.name < b.name ? -1 : 1)

/**
 * The streams that the files of a folder export, reference streams first, then by name.
 *
 * @param folder relative to the working directory, or a URL
 * @throws a sentence about the folder, the file or the streams that are wrong
 */
export async function loadStreams(folder: string | URL): Promise<readonly Stream[]> {
  const path = typeof folder === 'string' ? resolve(folder) : fileURLToPath(folder)
  const files = listFiles(path)
  const found: Stream[] = []
  // One after the other: a loader that is asked twice at once for what two files export may make it twice.
  for (const file of files) found.push(...(await readExports(join(path, file))))
  // A file may export again what another one made.
  const streams = [...new Set(found)].toSorted(compareStreams)
  if (streams.length === 0) throw new TypeError(`no file of ${path} exports a stream`)
  checkApart(streams)
  for (const stream of streams) checkParts(stream, streams)
  return streams
}

/**
 * The file of a folder that declares a stream, and the names of others that it declares.
 *
 * @throws when no file does
 */
export async function fileOf(
  folder: string,
  name: string,
): Promise<{readonly file: string; readonly others: readonly string[]}> {
  const path = resolve(folder)
  for (const one of listFiles(path)) {
    const file = join(path, one)
    const names = (await readExports(file)).map(stream => stream.name)
    if (names.includes(name)) return {file, others: names.filter(other => other !== name)}
  }
  throw new TypeError(`no file of ${path} declares stream ${name}`)
}

/** The stream published on a topic (without prefix), or undefined when there is none. */
export const streamOfTopic = (streams: readonly Stream[], topic: string): Stream | undefined =>
  streams.find(stream => stream.topic === topic)

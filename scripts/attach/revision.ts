/**
 * The changed file of a declared table, and whether readers of its topic could take what it declares.
 *
 * Guarantees    INV-128: nothing but columns changes in what somebody wrote.
 */
import {readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {pathToFileURL} from 'node:url'
import {isStream, type Stream} from '../../contracts/stream.ts'
import {envReader, type Env} from '../../platform/config.ts'
import {readKafkaConnection, readRegistryConnection} from '../../platform/connections.ts'
import {messageOf} from '../../platform/errors.ts'
import {createRegistry} from '../../platform/registry.ts'
import {planStream} from '../../readmodel/plan.ts'
import {fileOf} from '../../streams/load.ts'
import {commandLine} from '../command.ts'
import {findBreaks} from '../schema-breaks.ts'
import type {CatalogTable, Remembered} from './catalog.ts'
import {byHand, changesOf, isUnchanged, reasonsOf, type Changes} from './changes.ts'
import {diffOf} from './diff.ts'
import {formatFile} from './format.ts'
import {revise, UnsafeChange} from './revise.ts'

/** The changed file of a declared table. */
export interface Revision {
  readonly file: string
  readonly before: string
  readonly after: string
  readonly stream: Stream
  readonly changes: Changes
}

/** Why there is none, and what to do. */
export type Refusal = readonly string[]

/** What a text would declare, in a folder of declarations. @throws what is wrong with it */
async function loadText(folder: string, text: string, name: string): Promise<Stream> {
  // No file of declarations by its name: services that start meanwhile pass it by.
  const file = join(resolve(folder), `${name}-${process.pid}-${Date.now()}.mts`)
  writeFileSync(file, text)
  try {
    const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>
    const found = Object.values(module).filter(isStream)
    const own = found.find(stream => stream.name === name)
    if (own === undefined) return raise(`it declares no stream ${name} then`)
    // What its measures are made of is looked at only here.
    planStream(own)
    return own
  } finally {
    rmSync(file)
  }
}

const raise = (sentence: string): never => {
  throw new UnsafeChange(sentence)
}

/** As the checkout formats it, where somebody keeps it so. */
async function formatLike(folder: string, before: string, after: string): Promise<string> {
  const file = join(resolve(folder), `format-${process.pid}.mts`)
  const formatted = async (text: string): Promise<string> => {
    writeFileSync(file, text)
    await formatFile(file)
    return readFileSync(file, 'utf8')
  }
  try {
    return (await formatted(before)) === before ? await formatted(after) : after
  } finally {
    rmSync(file, {force: true})
  }
}

/** A declaration, and what is found in the database. */
export interface Found {
  readonly known: Stream
  readonly table: CatalogTable
  readonly remembered: Remembered
}

/** Nothing is written. @returns the changed file, or why there is none */
export async function reviseFile(
  folder: string,
  {known, table, remembered}: Found,
): Promise<Revision | Refusal> {
  const {file} = await fileOf(folder, known.name)
  const before = readFileSync(file, 'utf8')
  const changes = changesOf(known, table, remembered)
  if (isUnchanged(changes)) return {file, before, after: before, stream: known, changes}
  try {
    const after = await formatLike(folder, before, revise(before, known, changes))
    const stream = await loadText(folder, after, known.name)
    if (!isUnchanged(changesOf(stream, table, remembered))) {
      raise('its columns would be others than those of the table')
    }
    return {file, before, after, stream, changes}
  } catch (error) {
    return [
      `${file} cannot be changed by itself: ${messageOf(error)}. Change it by hand, then ${commandLine('init')} and start the services again:`,
      ...byHand(changes).map(line => `  ${line}`),
    ]
  }
}

/** Why readers of the topic could not take what a stream declares, with the way out; none: they can. */
export async function refusalOf(env: Env, stream: Stream): Promise<Refusal> {
  const read = envReader(env)
  const {topicPrefix} = readKafkaConnection(read)
  const registry = createRegistry(readRegistryConnection(read))
  read.finish()
  const breaks = await findBreaks(registry, stream, topicPrefix)
  return breaks.length === 0 ? [] : [...breaks, 'nothing was changed']
}

/** What a person is shown before it is written. */
export const tellRevision = ({before, after, changes}: Revision): readonly string[] =>
  isUnchanged(changes) ? [] : [diffOf(before, after), ...reasonsOf(changes)]

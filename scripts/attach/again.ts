/**
 * A table that a stream declares: proposes what changed in its columns, and goes on as when it was attached first.
 *
 * Guarantees    INV-128: nothing is written, registered or made where readers of the topic could not take it.
 */
import {writeFileSync} from 'node:fs'
import {setTimeout as sleep} from 'node:timers/promises'
import type {Stream} from '../../contracts/stream.ts'
import {readStackConfig} from '../../stack/config.ts'
import {readState} from '../../stack/state.ts'
import {commandLine, UsageError} from '../command.ts'
import {readRemembered, type CatalogTable} from './catalog.ts'
import {hasRows, isOutdated, lettersOf, untilPublished, untoldRows} from './fill.ts'
import {restartServices} from './restart.ts'
import {refusalOf, reviseFile, tellRevision, type Revision} from './revision.ts'
import {isWanted, run, say, tellWhere, type Setting} from './steps.ts'

/** Rows that lack what the declaration has now are told again, beside the live stream. */
async function fillRows({env, client}: Setting, {stream, changes}: Revision): Promise<void> {
  const condition = untoldRows(changes)
  if (await isOutdated(env, stream)) {
    say(`its numbers are those of the declaration before: ${commandLine('rebuild', stream.name)}`)
  } else if (condition !== null && (await hasRows(client, stream, condition))) {
    if (readState(readStackConfig(env)) === undefined) {
      const again = commandLine('backfill', `${stream.name} --where '${condition}'`)
      say(`rows that have it were told without it: ${again}`)
    } else await run('backfill', [stream.name, '--where', condition], env)
  }
  const letters = await lettersOf(client, stream)
  if (letters !== null) say(letters)
}

/** What is wanted of a declared table, after it was shown. @returns undefined when it cannot be, or is not */
async function chooseRevision(
  setting: Setting,
  known: Stream,
  table: CatalogTable,
): Promise<Revision | undefined> {
  const {env, folder, client} = setting
  const remembered = await readRemembered(client, known.topic)
  const revision = await reviseFile(folder, {known, table, remembered})
  if (!('file' in revision)) {
    for (const line of revision) say(line)
    return undefined
  }
  for (const line of tellRevision(revision)) say(line)
  const refusal = await refusalOf(env, revision.stream)
  for (const line of refusal) say(line)
  return refusal.length === 0 ? revision : undefined
}

/** @returns the exit status */
export async function attachAgain(
  setting: Setting,
  known: Stream,
  table: CatalogTable,
): Promise<number> {
  const {env, client, values} = setting
  if ((values.key ?? values.time ?? values.topic) !== undefined) {
    throw new UsageError(`stream ${known.name} is declared: change key, time and topic in its file`)
  }
  const revision = await chooseRevision(setting, known, table)
  if (revision === undefined) return 1
  const {file, before, after} = revision
  if (before === after) say(`${file} declares ${known.table} as it is`)
  if (values.print === true) return 0
  if (!(await isWanted(setting, `write it to ${file}, and bring everything up to date?`))) return 1
  if (before !== after) writeFileSync(file, after)
  await run('generate', [], env)
  await run('init', [], env)
  const stack = readStackConfig(env)
  if (readState(stack) !== undefined && !(await untilPublished(client, sleep))) {
    say('what was captured before still waits: of it, what lacks a column becomes a dead letter')
  }
  await restartServices(stack, say)
  await fillRows(setting, revision)
  await tellWhere(env, known)
  return 0
}

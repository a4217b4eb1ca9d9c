/** A table that no stream declares: proposes a file, writes it, and does what one would do by hand. */
import {existsSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Stream} from '../../contracts/stream.ts'
import {readStackConfig} from '../../stack/config.ts'
import {loadStreams} from '../../streams/load.ts'
import {UsageError} from '../command.ts'
import {initPipeline} from '../init.ts'
import type {CatalogTable} from './catalog.ts'
import {formatFile} from './format.ts'
import {propose, type Proposal} from './propose.ts'
import {constantOf, render} from './render.ts'
import {restartServices} from './restart.ts'
import {isWanted, run, say, tellWhere, type Setting} from './steps.ts'

/** Writes the file, and takes it back when it is no declaration after all. */
async function writeDeclaration(folder: string, proposal: Proposal): Promise<string> {
  const file = join(folder, `${proposal.name.replaceAll('_', '-')}.ts`)
  if (existsSync(file)) throw new UsageError(`${file} is there already: change it, or remove it`)
  writeFileSync(file, render(proposal))
  try {
    await loadStreams(folder)
  } catch (error) {
    rmSync(file)
    throw error
  }
  await formatFile(file)
  return file
}

/** @throws when a stream has what would have to be its own */
function checkFree(streams: readonly Stream[], {name, topic}: Proposal): void {
  for (const stream of streams) {
    if (stream.name === name) throw new UsageError(`there is a stream ${name} of another table`)
    if (stream.topic === topic) {
      throw new UsageError(`stream ${stream.name} has the topic ${topic}: --topic chooses another`)
    }
  }
}

/** @returns the exit status */
export async function attachFirst(setting: Setting, table: CatalogTable): Promise<number> {
  const {env, folder, values} = setting
  const proposal = propose(table, values)
  checkFree(await loadStreams(folder), proposal)
  say(render(proposal))
  for (const reason of proposal.reasons) say(reason)
  if (values.print === true) return 0
  if (!(await isWanted(setting, `write it to ${folder}, and capture the table?`))) return 1
  const file = await writeDeclaration(folder, proposal)
  say(`${file} is written: ${constantOf(proposal)} is stream ${proposal.name}`)
  await run('generate', [], env)
  await initPipeline(env, say)
  await restartServices(readStackConfig(env), say)
  if (table.hasRows) {
    // They were never captured: read again, counted, compared with SQL.
    await run('rebuild', [proposal.name, '--yes'], env)
  }
  await tellWhere(env, proposal)
  return 0
}

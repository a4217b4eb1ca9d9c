/**
 * A table of the database becomes a stream: proposes a declaration, writes it, and brings everything up to date, as
 * one would by hand (docs/ATTACH.md). Whatever interrupts it: the file is there, and `npm run init` goes on.
 */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {envReader, type Env} from '../platform/config.ts'
import {readDatabaseUrl, readStreamsFolder} from '../platform/connections.ts'
import {openClient} from '../platform/postgres.ts'
import {readStackConfig} from '../stack/config.ts'
import {readState} from '../stack/state.ts'
import {loadStreams} from '../streams/load.ts'
import {askYes} from './ask.ts'
import {readTable, type CatalogTable} from './attach/catalog.ts'
import {formatFile} from './attach/format.ts'
import {propose, type Proposal} from './attach/propose.ts'
import {constantOf, render} from './attach/render.ts'
import {restartServices} from './attach/restart.ts'
import {commandLine, runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'
import {initPipeline} from './init.ts'

const say = (line: string): void => console.log(line)

/** Runs another command of ours; @throws when it fails */
async function run(script: string, args: readonly string[], env: Env): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${script}.ts`), ...args], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [status] = (await once(child, 'exit')) as [number | null]
  if (status !== 0) throw new Error(`${commandLine(script, args.join(' '))} ended with ${status}`)
}

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

/** @throws when a stream has the table, or what would have to be its own */
async function checkFree(folder: string, {schema, table, name, topic}: Proposal): Promise<void> {
  for (const stream of await loadStreams(folder)) {
    if (stream.table === `${schema}.${table}`) {
      throw new UsageError(
        `stream ${stream.name} counts ${stream.table} already: change its file in ${folder}, then ${commandLine('init')}`,
      )
    }
    if (stream.name === name) throw new UsageError(`there is a stream ${name} of another table`)
    if (stream.topic === topic) {
      throw new UsageError(`stream ${stream.name} has the topic ${topic}: --topic chooses another`)
    }
  }
}

/** Where it is to be seen, and how much there is by now. */
async function tellWhere(env: Env, {name, topic}: Proposal): Promise<void> {
  const url = readState(readStackConfig(env))?.services.api[0]?.url
  if (url === undefined) {
    say(`${commandLine('start')} serves it`)
    return
  }
  const numbers = `${url}/v1/streams/${name}/metrics`
  try {
    const answer = await fetch(numbers, {signal: AbortSignal.timeout(10_000)})
    if (answer.ok) {
      const {metrics} = (await answer.json()) as {readonly metrics: unknown}
      say(JSON.stringify(metrics, null, 2))
    }
  } catch {
    // The addresses are said all the same.
  }
  say(`numbers   ${numbers}`)
  say(`records   ${url}/?topic=${topic}&view=inspector`)
}

async function lookAt(url: string, name: string): Promise<CatalogTable> {
  const client = await openClient(url, {applicationName: 'attach'})
  try {
    return await readTable(client, name)
  } finally {
    await client.end()
  }
}

await runCommand(COMMANDS.attach, async ({values, positionals: [name = ''], env}) => {
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  const folder = readStreamsFolder(read)
  read.finish()
  const table = await lookAt(url, name)
  const proposal = propose(table, values)
  await checkFree(folder, proposal)
  say(render(proposal))
  for (const reason of proposal.reasons) say(reason)
  if (values.print === true) return 0
  if (values.yes !== true && !(await askYes(`write it to ${folder}, and capture the table?`))) {
    say('nothing was done')
    return 1
  }
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
})

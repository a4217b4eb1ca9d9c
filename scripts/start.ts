/** Starts the whole pipeline on this machine and shows how it does, until it is told to stop. */
import {spawn} from 'node:child_process'
import {closeSync, existsSync, mkdirSync, openSync} from 'node:fs'
import {dirname} from 'node:path'
import {fileURLToPath} from 'node:url'
import {setTimeout as sleep} from 'node:timers/promises'
import {envReader, type Env} from '../platform/config.ts'
import {readStreamsFolder} from '../platform/connections.ts'
import {holderOf} from '../platform/process-identity.ts'
import {readStackConfig, type StackConfig} from '../stack/config.ts'
import {lockPath, logFile} from '../stack/stack.ts'
import {readState} from '../stack/state.ts'
import {loadStreams} from '../streams/load.ts'
import {checkSettings} from './check-settings.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'
import {openStatusReader} from './pipeline-status.ts'
import {runPipeline, type StartMessage} from './run-pipeline.ts'
import {connectionLines} from './view.ts'

/** Starts ourselves again without a terminal, and passes on what that says until it is ready. */
async function detach(config: StackConfig): Promise<number> {
  const log = logFile(config, 'launcher')
  mkdirSync(dirname(log), {recursive: true})
  const output = openSync(log, 'w')
  const args = process.argv.slice(2).filter(argument => argument !== '--detach')
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args, '--child'], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
  })
  closeSync(output)
  const {promise, resolve} = Promise.withResolvers<number>()
  child.on('message', message => {
    const {kind, text} = message as StartMessage
    if (kind === 'failed') console.error(text)
    else console.log(text)
    if (kind === 'ready') resolve(0)
  })
  // Until it is ready it belongs to us: it notices when we go, and so does Ctrl-C.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill('SIGTERM'))
  }
  child.once('exit', code => resolve(code === 0 ? 1 : (code ?? 1)))
  const status = await promise
  if (child.connected) child.disconnect()
  child.unref()
  return status
}

/** Where the stack of this checkout runs already; waits for one that is just starting. */
async function tellRunning(config: StackConfig, env: Env, withServices: boolean): Promise<boolean> {
  if (await isLeftToUs(config)) return false
  const state = readState(config)
  if (state === undefined) return false
  const isServersOnly = Object.values(state.services).every(list => list.length === 0)
  if (withServices && isServersOnly) {
    throw new UsageError('only the servers of this checkout run (npm run servers): npm stop first')
  }
  // As it was started, whatever this terminal's variables say.
  const running = readStackConfig(state.settings)
  const reader = openStatusReader(running, {...env, ...state.settings})
  try {
    const withApi = state.services.api.length > 0
    console.log('it runs already, and goes on')
    const streams = await loadStreams(readStreamsFolder(envReader({...env, ...state.settings})))
    for (const line of connectionLines(running, {withApi, streams}, await reader.keyspaces())) {
      console.log(line)
    }
  } finally {
    await reader.close()
  }
  return true
}

/** Whether nobody runs a stack here; one that is just starting is waited for. */
async function isLeftToUs(config: StackConfig): Promise<boolean> {
  for (let told = false; ; told = true) {
    if (holderOf(lockPath(config)) === undefined) return true
    if (readState(config)?.phase === 'ready') return false
    if (!told) console.log('it is being started already: waiting until it is ready')
    await sleep(300)
  }
}

await runCommand(
  process.argv.includes('--servers') ? COMMANDS.servers : COMMANDS.start,
  async ({values, env}) => {
    const withServices = values.servers !== true
    checkSettings(env, withServices)
    const config = readStackConfig(env)
    if (await tellRunning(config, env, withServices)) return 0
    if (!existsSync(config.folder)) mkdirSync(config.folder, {recursive: true})
    if (values.detach === true) return await detach(config)
    const withSample = withServices && values['no-sample'] !== true
    const withUsersApi = withServices && 'users-api' in values && values['users-api'] === true
    // Whatever still holds on to a server: the pipeline has ended.
    return process.exit(await runPipeline(config, env, {withServices, withSample, withUsersApi}))
  },
  {withStack: false},
)

/** The life of `npm start`: start, sample, view, stop. */
import {execFile} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {envReader, type Env} from '../platform/config.ts'
import {readStreamsFolder} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {pause} from '../platform/lifecycle.ts'
import {PROJECT_FOLDER} from '../platform/environment.ts'
import type {StackConfig} from '../stack/config.ts'
import {startPipeline, type Pipeline} from '../stack/pipeline.ts'
import {loadStreams} from '../streams/load.ts'
import {settingGroups} from './configuration.ts'
import {initPipeline} from './init.ts'
import {loadSample} from './load-sample.ts'
import {openStatusReader, type StatusReader} from './pipeline-status.ts'
import {lackOfSample} from './sample-streams.ts'
import type {UsersApi} from './users-api.ts'
import {connectionLines, keyLines, lastError, recordsProcessed, statusLine} from './view.ts'

export interface StartOptions {
  readonly withSample: boolean
  readonly withServices: boolean
  /** Users are fetched from a service of our own. */
  readonly withUsersApi: boolean
}

/** What the process that stays tells the one that waits for it. */
export interface StartMessage {
  readonly kind: 'progress' | 'ready' | 'failed'
  readonly text: string
}

const REFRESH_MS = 1000
/** Without a terminal a line is printed when something changed, and at least so often. */
const PLAIN_EVERY_MS = 60_000
/** Ctrl-C reaches us from the terminal and again from npm: that is one wish, not two. */
const SECOND_SIGNAL_MS = 1500

const tell = (kind: StartMessage['kind'], text: string): void => {
  if (process.connected) process.send?.({kind, text})
  if (kind === 'failed') console.error(text)
  else print(text)
}

/** At a terminal a bar is drawn over the one before. */
let isBarShown = false
function print(text: string): void {
  const isBar = process.stdout.isTTY && / \[#*-+\] /.test(text)
  process.stdout.write(`${isBarShown ? '\r\x1b[2K' : ''}${text}${isBar ? '' : '\n'}`)
  isBarShown = isBar
}

/** @returns the exit status */
export async function runPipeline(
  config: StackConfig,
  given: Env,
  options: StartOptions,
): Promise<number> {
  const began = performance.now()
  const usersApi = options.withUsersApi ? await openUsersApi() : undefined
  const env = usersApi === undefined ? given : {...given, WORKER_USERS_URL: usersApi.url}
  const full = {...env, ...config.connections}
  const {stop, settle} = stopWish()
  let pipeline: Pipeline
  try {
    const pages = options.withServices ? buildPages() : Promise.resolve()
    pipeline = await startPipeline({
      config,
      env,
      settings: sharedSettings(env),
      signal: stop,
      withServices: options.withServices,
      progress: (who, text) => tell('progress', `${who.padEnd(10)} ${text}`),
      async prepare(ready) {
        await initPipeline(full, text => tell('progress', `${'init'.padEnd(10)} ${text}`), ready)
        await pages
      },
    })
  } catch (error) {
    tell('failed', stop.aborted ? 'stopped before it was ready' : messageOf(error))
    return 1
  }
  const reader = openStatusReader(config, env)
  try {
    const {DATABASE_URL} = config.connections
    const streams = await loadStreams(readStreamsFolder(envReader(full)))
    const isOurs = !config.external.includes('postgres') && lackOfSample(streams) === undefined
    if (options.withSample && isOurs) {
      if (await loadSample(DATABASE_URL))
        tell('progress', 'the empty database was given the sample')
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const withApi = options.withServices && config.counts.api > 0
    const lines = connectionLines(config, {withApi, streams}, await reader.keyspaces())
    const logs = `  logs        ${join(config.folder, 'logs')}`
    settle()
    const ways = [...lines, ...(withApi ? keyLines(full) : []), logs, '  stop        npm stop']
    tell('ready', [`ready in ${seconds} s`, ...ways].join('\n'))
    await show(config, reader, stop)
  } finally {
    await reader.close()
    process.stdout.write(process.stdout.isTTY ? '\nstopping\n' : 'stopping\n')
    await pipeline.stop()
    await usersApi?.close()
    console.log('stopped')
  }
  return 0
}

const SECRET = /(_PASSWORD|_API_KEY|RECONCILE_DATABASE_URL)$/

/** What other commands of the checkout have to know; no secret is written down a second time. */
function sharedSettings(env: Env): Env {
  const names = settingGroups().flatMap(({settings}) => settings.map(({name}) => name))
  const files = names.map(name => `${name}_FILE`)
  const shared = [...names, ...files].filter(name => !SECRET.test(name))
  return Object.fromEntries(shared.flatMap(name => (env[name] ? [[name, env[name]]] : [])))
}

/** Loaded only where it is wanted: it invents people. */
const openUsersApi = async (): Promise<UsersApi> =>
  await (await import('./users-api.ts')).startUsersApi()

/** The pages are compiled while the servers start. */
async function buildPages(): Promise<void> {
  const script = join(PROJECT_FOLDER, 'scripts/build-dashboard.ts')
  if (!existsSync(script)) return
  await promisify(execFile)(process.execPath, [script], {cwd: PROJECT_FOLDER})
}

/** Refreshes one line at a terminal; else prints lines. */
async function show(config: StackConfig, reader: StatusReader, stop: AbortSignal): Promise<void> {
  let [last, printedAt] = ['', -Infinity]
  let before: {readonly records: number; readonly at: number} | undefined
  while (!stop.aborted) {
    const look = await reader.look()
    const records = await recordsProcessed(look)
    const at = performance.now()
    const rate =
      records === null || before === undefined || records < before.records
        ? null
        : ((records - before.records) * 1000) / (at - before.at)
    before = records === null ? undefined : {records, at}
    const line = statusLine(look, rate, lastError(config))
    if (process.stdout.isTTY) {
      process.stdout.write(`\r\x1b[2K${line.slice(0, process.stdout.columns - 1)}`)
    } else if (line !== last && (at - printedAt > 5000 || last === '')) {
      console.log(line)
      ;[last, printedAt] = [line, at]
    } else if (at - printedAt > PLAIN_EVERY_MS) {
      console.log(line)
      printedAt = at
    }
    await pause(REFRESH_MS, stop)
  }
}

/** Fires at a signal, or when whoever started us in the foreground is gone. */
function stopWish(): {readonly stop: AbortSignal; readonly settle: () => void} {
  const stop = new AbortController()
  let wishedAt = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted && Date.now() - wishedAt > SECOND_SIGNAL_MS) process.exit(1)
      if (stop.signal.aborted) return
      wishedAt = Date.now()
      stop.abort(new Error(name))
    })
  }
  if (process.connected) {
    // The process that waits for us takes its leave once we are ready; before that, it has died.
    const left = (): void => stop.abort(new Error('the starting process is gone'))
    process.once('disconnect', left)
    return {stop: stop.signal, settle: () => void process.off('disconnect', left)}
  }
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) stop.abort(new Error('the launcher is gone'))
  }, 500).unref()
  return {stop: stop.signal, settle: () => undefined}
}

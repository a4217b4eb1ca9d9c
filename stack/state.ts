/** What the launcher writes down for others to read: who runs where. */
import {readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {LAUNCHER_LOCK, LAUNCHER_STATE} from '../platform/environment.ts'
import {holderOf} from '../platform/process-identity.ts'
import {
  SERVERS,
  type Env,
  type Connections,
  type ServerName,
  type ServiceName,
  type StackConfig,
} from './config.ts'
import type {ServiceState} from './services.ts'
import type {Stack} from './stack.ts'

export interface StackState {
  readonly phase: 'starting' | 'ready'
  readonly connections: Connections
  /** With which it was started: other commands of the checkout go by them. */
  readonly settings: Env
  /** Null: it runs elsewhere, or it ended. */
  readonly servers: Readonly<Record<ServerName, {readonly pid: number | null}>>
  readonly external: readonly ServerName[]
  /** Why a server that we started ended. */
  readonly ended: Readonly<Partial<Record<ServerName, string>>>
  readonly services: Readonly<Record<ServiceName, readonly ServiceState[]>>
}

const statePath = (config: StackConfig): string => join(config.folder, LAUNCHER_STATE)

export function writeState(config: StackConfig, state: StackState): void {
  const path = statePath(config)
  writeFileSync(`${path}.new`, JSON.stringify(state, null, 2), {mode: 0o600})
  renameSync(`${path}.new`, path)
}

export const removeState = (config: StackConfig): void => rmSync(statePath(config), {force: true})

/** The state, or undefined when no launcher runs. */
export function readState(config: StackConfig): StackState | undefined {
  if (holderOf(join(config.folder, LAUNCHER_LOCK)) === undefined) return undefined
  try {
    return JSON.parse(readFileSync(statePath(config), 'utf8')) as StackState
  } catch {
    return undefined
  }
}

/** The pids of the servers as they are now. */
export const serverPids = (stack: Stack): StackState['servers'] =>
  Object.fromEntries(
    SERVERS.map(name => [name, {pid: stack.server(name)?.pid ?? null}]),
  ) as unknown as StackState['servers']

/** An older PostgreSQL (`POSTGRES_VERSION`, or the oldest that `npm test` runs on) for tests of capture. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {TestProject} from 'vitest/node'
import {connectionVariable, SERVERS} from '../stack/config.ts'
import {sideConfig} from '../stack/side-stack.ts'
import {startStack} from '../stack/stack.ts'

const OLDEST_HERE = '15'
/** Nobody asks the other servers. */
const NOWHERE = {
  DATABASE_URL: '',
  KAFKA_BROKERS: '127.0.0.1:1',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
  CASSANDRA_CONTACT_POINTS: '127.0.0.1:1',
  REDIS_URL: 'redis://127.0.0.1:1',
} as const

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // The name is known to the test servers' clean-up after a killed run.
  const folder = mkdtempSync(join(tmpdir(), 'stack-test-older-'))
  const unused = SERVERS.filter(server => server !== 'postgres')
  const others = unused.map(connectionVariable)
  const config = await sideConfig(
    {...process.env, STACK_POSTGRES_VERSION: process.env['POSTGRES_VERSION'] ?? OLDEST_HERE},
    folder,
    Object.fromEntries(others.map(name => [name, NOWHERE[name as keyof typeof NOWHERE]])),
  )
  const stack = await startStack({
    config,
    unused,
    env: process.env,
    progress: (who, text) => {
      if (who === 'stack') console.log(`older PostgreSQL: ${text}`)
    },
    onServerEnd: (name, why) => console.error(`older PostgreSQL: ${name} ended: ${why}`),
  })
  project.provide('connections', stack.connections)
  return async () => {
    await stack.stop()
    rmSync(folder, {recursive: true, force: true})
  }
}

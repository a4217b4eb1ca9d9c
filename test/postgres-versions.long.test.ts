/** Capture, outbox and backfill on every PostgreSQL that is supported and not run by `npm test`. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {expect, test} from 'vitest'
import {OLDER_VERSIONS} from '../stack/postgres-binaries.ts'

/** As this run, but of another project of the same configuration. */
const COMMAND = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'older'] as const

test.each(OLDER_VERSIONS)(
  'what happens in the database happens on PostgreSQL %i',
  async version => {
    const child = spawn(process.execPath, COMMAND, {
      env: {...process.env, POSTGRES_VERSION: String(version)},
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stdout.on('data', text => (said += String(text)))
    child.stderr.on('data', text => (said += String(text)))
    const [status] = (await once(child, 'exit')) as [number | null]
    console.log(said.split('\n').slice(-8).join('\n'))
    expect(status, said.slice(-20_000)).toBe(0)
  },
  900_000,
)

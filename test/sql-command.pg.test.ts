/** `npm run sql`, as someone without psql uses it. */
import {spawnSync} from 'node:child_process'
import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {assertOwnDatabase} from '../scripts/own-database.ts'
import {openOutboxWorld} from './outbox-world.ts'

const sql = (url: string, options: {args?: readonly string[]; input?: string}) =>
  spawnSync(process.execPath, ['scripts/sql.ts', ...(options.args ?? [])], {
    encoding: 'utf8',
    env: {...process.env, DATABASE_URL: url},
    input: options.input ?? '',
  })

test('statements come as argument or by standard input; a failure leaves nothing behind', async () => {
  await using world = await openOutboxWorld()
  const shown = sql(world.url, {args: ["SELECT 'hello' AS greeting"]})
  expect(shown.stdout).toMatch(/greeting[^]*'hello'/)

  const piped = sql(world.url, {
    input: 'CREATE TABLE notes (n int); INSERT INTO notes VALUES (1), (2);',
  })
  expect(piped.stdout).toMatch(/INSERT 2/)

  const failed = sql(world.url, {args: ['DELETE FROM notes; SELECT nonsense']})
  expect(failed.status).toBe(1)
  expect(failed.stderr).toMatch(/"nonsense" does not exist/)
  const {rows} = await world.client.query('SELECT count(*)::int AS n FROM notes')
  expect(rows).toEqual([{n: 2}])
})

test('statements come by -c as with psql, each a transaction of its own, or from a file', async () => {
  await using world = await openOutboxWorld()
  const made = sql(world.url, {args: ['-c', 'CREATE TABLE notes (n int)', '-c', 'SELECT nonsense']})
  expect(made.status).toBe(1)
  const file = join(mkdtempSync(join(tmpdir(), 'sql-')), 'notes.sql')
  writeFileSync(file, 'INSERT INTO notes VALUES (7) RETURNING n')
  expect(sql(world.url, {args: ['--json', '-f', file]}).stdout).toBe('{"n":7}\n')
})

test("the usual port is left alone when another checkout's stack has it", async () => {
  await using world = await openOutboxWorld()
  const {rows} = await world.client.query<{folder: string}>(
    "SELECT current_setting('stack.folder') AS folder",
  )
  const {folder} = rows[0]!
  await expect(assertOwnDatabase({}, world.url)).rejects.toThrow(
    `no stack of this checkout runs, and PostgreSQL on the usual port is that of ${folder}`,
  )
  await expect(assertOwnDatabase({STACK_DIR: folder}, world.url)).resolves.toBeUndefined()
  await expect(assertOwnDatabase({DATABASE_URL: 'said'}, world.url)).resolves.toBeUndefined()
})

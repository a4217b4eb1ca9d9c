/** `npm run sql`, as someone without psql uses it. */
import {spawnSync} from 'node:child_process'
import {expect, test} from 'vitest'
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

/** The sample, as the job of the compose file loads it. */
import {spawnSync} from 'node:child_process'
import {expect, test} from 'vitest'
import {openOutboxWorld} from './outbox-world.ts'

const loadSample = (url: string) =>
  spawnSync(process.execPath, ['scripts/load-sample.ts'], {
    encoding: 'utf8',
    env: {...process.env, DATABASE_URL: url},
  })

test('an empty database is given the sample, and one that holds anything stays as it is', async () => {
  await using world = await openOutboxWorld()
  const count = async (): Promise<unknown> =>
    (
      await world.client.query(
        `SELECT (SELECT count(*)::int FROM content) AS contents,
                (SELECT count(*)::int FROM engagement_events) AS events`,
      )
    ).rows[0]

  expect(loadSample(world.url)).toMatchObject({status: 0, stderr: ''})
  expect(await count()).toEqual({contents: 3, events: 4})
  expect(loadSample(world.url).stdout).toMatch(/not empty/)
  await world.run('DELETE FROM engagement_events')
  expect(loadSample(world.url)).toMatchObject({status: 0})
  expect(await count()).toEqual({contents: 3, events: 0})
})

/** A relay that is frozen before a send while another one takes over, and thaws: every effect is there once. */
import {expect, test} from 'vitest'
import {freePorts} from '../stack/ports.ts'
import {openPipelineWorld, until} from './pipeline-world.ts'
import {differencesWhenQuiet} from './quiet.ts'
import {FREEZE} from './relay-freeze.ts'

test('after a relay was frozen and thawed every number equals SQL', async () => {
  await using world = await openPipelineWorld()
  const quick = {RELAY_LEASE_MS: '1000', RELAY_GRACE_MS: '300', RELAY_LOOK_EVERY_MS: '100'}
  const [frozen] = await Promise.all([
    world.start('ingestor', {...quick, ...FREEZE}),
    world.start('processor'),
  ])
  // Nobody ends a process that is stopped by asking it.
  await using _ = {
    [Symbol.asyncDispose]: async () => await Promise.resolve(frozen.signal('SIGCONT')),
  }
  const [port] = await freePorts(1)
  const add = async (device: string): Promise<void> =>
    void (await world.pool.query(
      `INSERT INTO engagement_events (content_id, event_type, event_ts, duration_ms, device)
       SELECT id, 'play', now(), 1000 + g, $1 FROM content, generate_series(1, 50) g`,
      [device],
    ))
  await world.pool.query(
    `INSERT INTO content SELECT gen_random_uuid(), 's' || n, 't', 'video', 60, now() FROM generate_series(1, 4) n`,
  )
  await add('before')
  await add('freeze here')
  await until('frozen', async () => await Promise.resolve(frozen.log().includes('frozen')))
  await world.start('ingestor', {...quick, RELAY_PORT: String(port)})
  await add('meanwhile')
  expect(await differencesWhenQuiet(world)).toEqual([])
  frozen.signal('SIGCONT')
  await until('it knows', async () => await Promise.resolve(frozen.log().includes('lane ended')))
  await add('after')
  expect(await differencesWhenQuiet(world)).toEqual([])
}, 300_000)

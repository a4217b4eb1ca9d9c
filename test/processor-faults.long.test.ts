/**
 * Real servers, real processes, load, and what can happen to them: after quiet, Cassandra and Redis
 * equal SQL over PostgreSQL. `FAULT_SECONDS` says how long each fault goes on, `FREEZE_SECONDS` how
 * long Redis stands still, `FAULT_SEED` which histories are written.
 */
import {setTimeout as pause} from 'node:timers/promises'
import {afterEach, expect, test} from 'vitest'
import {freePorts} from '../stack/ports.ts'
import {openPipelineWorld, until, type PipelineWorld, type Service} from './pipeline-world.ts'
import {differencesWhenQuiet, fromTheStart} from './quiet.ts'
import {createRandom} from './source-history.ts'
import {startSourceLoad, type SourceLoad} from './source-load.ts'

const SEED = Number(process.env['FAULT_SEED'] ?? 1)
const FAULT_MS = 1000 * Number(process.env['FAULT_SECONDS'] ?? 40)
const FREEZE_MS = 1000 * Number(process.env['FREEZE_SECONDS'] ?? 60)
/** About 300 inserts and changes a second. */
const STEPS_PER_SECOND = 90
const QUIET_MS = 120_000
const TEST_MS = 10 * FAULT_MS + 2 * FREEZE_MS + 5 * QUIET_MS

let world: PipelineWorld | undefined
let load: SourceLoad | undefined

afterEach(async () => {
  await load?.stop().catch(() => undefined)
  load = undefined
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

async function setup() {
  world = await openPipelineWorld()
  const [relay, processor] = await Promise.all([world.start('ingestor'), world.start('processor')])
  load = startSourceLoad(world.pool, {seed: SEED * 1_000_000, stepsPerSecond: STEPS_PER_SECOND})
  return {at: world, relay, processor, random: createRandom(SEED)}
}

/** Ends the load, waits for quiet, compares. */
async function expectEqual(at: PipelineWorld): Promise<void> {
  await load!.stop()
  load = undefined
  expect((await differencesWhenQuiet(at, QUIET_MS)).slice(0, 20)).toEqual([])
  expect((await storedEvents(at)).length, 'there was something to compare').toBeGreaterThan(100)
}

const storedEvents = async ({cassandra}: PipelineWorld) =>
  await cassandra.rows('SELECT event_id FROM engagement_metrics')

/** Repeats a fault until its time is over. */
async function goOn(fault: (round: number) => Promise<unknown>): Promise<void> {
  const endMs = performance.now() + FAULT_MS
  for (let round = 0; performance.now() < endMs; round++) await fault(round)
}

test(
  'relay and processor are killed at random moments, again and again',
  async () => {
    const {at, random, ...started} = await setup()
    let {relay, processor} = started
    await goOn(async round => {
      await pause(random(3000))
      if (round % 2 === 0) {
        await processor.kill()
        processor = await at.start('processor')
      } else {
        await relay.kill()
        relay = await at.start('ingestor')
      }
    })
    await expectEqual(at)
  },
  TEST_MS,
)

test(
  'everything is read again from the first record, while more comes',
  async () => {
    const {at, processor} = await setup()
    await pause(FAULT_MS / 2)
    await processor.stop()
    const again = await fromTheStart(at)
    await at.start('processor', again.env)
    await pause(FAULT_MS / 4)
    await expectEqual(again)
  },
  TEST_MS,
)

test(
  'Redis is emptied again and again',
  async () => {
    const {at, random} = await setup()
    await goOn(async () => {
      await pause(1000 + random(5000))
      await at.redis.send(['FLUSHALL'])
    })
    await expectEqual(at)
  },
  TEST_MS,
)

test(
  `Redis stands still for ${FREEZE_MS / 1000} s: Cassandra goes on, and Redis is right afterwards`,
  async () => {
    const {at} = await setup()
    await until('a first event', async () => (await storedEvents(at)).length > 0)
    const info = String(await at.redis.send(['INFO', 'server']))
    const pid = Number(/process_id:(\d+)/.exec(info)?.[1])
    process.kill(pid, 'SIGSTOP')
    try {
      await pause(FREEZE_MS / 2)
      const {length: stored} = await storedEvents(at)
      await until(
        'Cassandra goes on',
        async () => (await storedEvents(at)).length > stored,
        FREEZE_MS / 2,
      )
      await pause(FREEZE_MS / 2)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await expectEqual(at)
  },
  TEST_MS,
)

test(
  'a second processor joins and leaves every few seconds',
  async () => {
    const {at, random} = await setup()
    const [port] = await freePorts(1)
    await goOn(async round => {
      const second = await at.start('processor', {PROCESSOR_PORT: String(port)})
      await pause(random(4000))
      await (round % 3 === 2 ? second.kill() : second.stop())
    })
    await expectEqual(at)
  },
  TEST_MS,
)

test(
  'a processor stands still until another has its partitions, and then goes on',
  async () => {
    const {at, processor} = await setup()
    const [port] = await freePorts(1)
    await at.start('processor', {PROCESSOR_PORT: String(port)})
    // Longer than its session: the other one owns everything when it wakes.
    const SESSION_MS = 10_000
    await goOn(async () => {
      processor.signal('SIGSTOP')
      await pause(1.5 * SESSION_MS)
      processor.signal('SIGCONT')
      await pause(SESSION_MS / 2)
    })
    await expectEqual(at)
  },
  TEST_MS,
)

test(
  'all of it at once',
  async () => {
    const {at, random, ...started} = await setup()
    let {relay, processor} = started
    const [port] = await freePorts(1)
    let second: Service | undefined
    const faults: ReadonlyArray<() => Promise<unknown>> = [
      async () => {
        await processor.kill()
        processor = await at.start('processor')
      },
      async () => {
        await relay.kill()
        relay = await at.start('ingestor')
      },
      () => at.redis.send(['FLUSHALL']),
      async () => {
        if (second === undefined) {
          second = await at.start('processor', {PROCESSOR_PORT: String(port)})
        } else {
          await second.kill()
          second = undefined
        }
      },
    ]
    await goOn(async () => {
      await pause(random(2000))
      await faults[random(faults.length)]!()
    })
    await expectEqual(at)
  },
  TEST_MS,
)

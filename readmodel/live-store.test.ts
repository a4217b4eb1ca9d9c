/** Readers that ask between two calls of an owner, or between two questions of their own. */
import {expect, test} from 'vitest'
import {connectToRedis, FakeRedis} from '../test/fakes/redis.ts'
import {model} from '../test/model-stream.ts'
import {createEventHash} from './event-hash.ts'
import {createLiveReads} from './live-reads.ts'
import {createLiveStore, type OffsetValue} from './live-store.ts'
import {planStream} from './plan.ts'
import {planShown} from './shown.ts'
import {Step} from './step.ts'
import {createStepTable} from './step-table.ts'
import {ByteWriter} from './bytes.ts'
import {entryField, stepKey} from './window.ts'

const SPACE = 'here'
const NOW_S = 1_800_000_000
const STEP = NOW_S - 60
const RUN = {name: '1.1.a', takeover: 1}
const plan = planStream(model)
const [top] = plan.tops as [(typeof plan.tops)[number]]
const hash = createEventHash(plan, planShown(model))
const options = {space: SPACE, stream: 'model', lifeMs: 10_000, hashTtlS: 60, hashes: null}

/** A step with an event of each of so many contents. */
function stepOf(contents: number): OffsetValue {
  const step = new Step(top)
  const writer = new ByteWriter()
  for (let n = 0; n < contents; n++) {
    const event = {id: n, content: `c${n}`, at: STEP * 1e6, value: 1, status: null, position: null}
    plan.inputs.read(event, {timeUs: STEP * 1e6, id: n})
    step.fold(top.keyOf(event)!, plan.inputs, n, 1)
  }
  const fields = [...step.keys()].flatMap(key => [entryField(key), step.encodeEntry(key, writer)])
  const key = stepKey(SPACE, top, 0, STEP)
  return {key, ttlS: 900, fields, isWhole: true, isFirst: true, offset: contents}
}

const flushOf = (values: readonly OffsetValue[]) => ({
  run: RUN,
  sequence: 0,
  values,
  offset: 5000,
  since: NOW_S - 10_000,
  steps: {[top.id]: [STEP]},
})

test('a value that takes several calls is not believed before the last of them', async () => {
  const server = new FakeRedis(Date.now)
  const seen: unknown[] = []
  const value = stepOf(2500)
  const redis = connectToRedis(server, async effect => {
    const answer = effect()
    seen.push(server.send(['HGET', value.key, 'run'])?.toString() ?? null)
    return answer
  })
  const store = createLiveStore(redis, hash, options)
  await store.begin(0, RUN, 0)
  seen.length = 0
  await store.flush(0, flushOf([value]))
  expect(seen.length).toBeGreaterThan(1)
  expect(seen).toEqual([...seen.slice(1).fill(null), RUN.name])
})

test('a step that is evicted between two questions of one answer is missed, not empty', async () => {
  const server = new FakeRedis(Date.now)
  const redis = connectToRedis(server)
  const store = createLiveStore(redis, hash, options)
  await store.begin(0, RUN, 0)
  const value = stepOf(3)
  await store.flush(0, flushOf([value]))
  const forgetful = {
    ...redis,
    async pipelineBinary(commands: Parameters<typeof redis.pipelineBinary>[0]) {
      if (commands.some(([name]) => name === 'HGETALL')) server.send(['UNLINK', value.key])
      return await redis.pipelineBinary(commands)
    },
  }
  const at = {space: SPACE, stream: 'model', partitions: 1}
  const before = await createLiveReads(redis, at).window(top, NOW_S, new Map())
  expect(before).toEqual([{found: new Set([STEP]), isWhole: true}])
  const after = await createLiveReads(forgetful, at).window(top, NOW_S, new Map())
  expect(after).toEqual([{found: new Set(), isWhole: false}])
})

test('steps are brought to Redis for readers whose clocks are behind, too', async () => {
  const asked: unknown[][] = []
  const cassandra = {rows: async (_query: string, params: unknown[]) => (asked.push(params), [])}
  const table = createStepTable(cassandra as never, top, {} as never)
  await table.starts(0, NOW_S)
  const first = Math.min(...asked.map(params => Number(params[2])))
  expect(first / 1000).toBeLessThanOrEqual(NOW_S - top.seconds - 100)
})

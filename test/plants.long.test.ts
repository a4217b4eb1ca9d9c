/**
 * Every rule of the engine is taken away once, and something turns red: a rule whose loss nobody notices is not held.
 * What only real servers show is planted in processor-plants.long.test.ts.
 */
import {execFile} from 'node:child_process'
import {expect, test} from 'vitest'
import {planted, type Plant} from './plant.ts'
import type {RunOptions} from './processor-model.ts'
import type {ModelJob, ModelJobDone} from './run-model.ts'

type Options = Omit<RunOptions, 'seed'>

interface Rule extends Plant {
  /** Of the design: 6.1 one position, 6.3 which write wins, 6.4 mending, 6.5 the cache. */
  readonly rule: string
  /** A second line that would hide the loss of the first one. */
  readonly also?: Plant
  /** What turns red: a test file, or the model. */
  readonly by: string | Options
}

const upset = (kind: NonNullable<RunOptions['upset']>): Options => ({upset: kind, failOneIn: 0})

const RULES: readonly Rule[] = [
  {
    rule: '6.1 a position whose records are gone is not gone on from',
    file: 'processor/start-check.ts',
    find: 'if (next < begin) {',
    replace: 'if (next < begin - 1e9) {',
    also: {
      file: 'processor/intake.ts',
      find: 'if (first.offset > state.foldedOffset + 1) throw contradiction(gapBefore(first.offset))',
      replace: '',
    },
    by: upset('log cut'),
  },
  {
    rule: '6.1 a position beyond the end of the log is not gone on from',
    file: 'processor/start-check.ts',
    find: 'if (next > end) {',
    replace: 'if (next > end + 1e9) {',
    by: 'processor/start-check.test.ts',
  },
  {
    rule: '6.1 a commit that is ahead of the position is a witness',
    file: 'processor/start-check.ts',
    find: 'committed > next',
    replace: 'committed > next + 1e9',
    by: 'processor/start-check.test.ts',
  },
  {
    rule: '6.1 the record at the position is the one that was read last',
    file: 'processor/start-check.ts',
    find: 'if (found.outboxId === expected.outboxId && found.createdAt === expected.createdAt) {',
    replace: 'if (found.outboxId > 0 || expected.outboxId > 0) {',
    by: upset('topic made again'),
  },
  {
    rule: '6.1 of which log it will be is noted before anything is written',
    file: 'processor/intake.ts',
    find: 'if (isNamed) return',
    replace: 'if (isNamed || state.partition === 0) return',
    by: {...upset('topic made again'), ownersBefore: 1},
  },
  {
    rule: '6.1 a position is that of its keyspace',
    file: 'processor/start-check.ts',
    find: 'position.space !== space',
    replace: 'position.space === `${space} `',
    by: 'processor/start-check.test.ts',
  },
  {
    rule: '6.1 rows are durable before the position says so',
    file: 'processor/checkpoint.ts',
    find: 'await saveDirtyRows(signal)',
    replace: '',
    by: {failOneIn: 4, upset: null},
  },
  {
    rule: '6.1 new raw rows are durable before the position says so',
    file: 'processor/checkpoint.ts',
    find: 'await progress.until(() => state.pending.isDurable(foldedOffset), signal)',
    replace: '',
    by: {upset: null},
  },
  {
    rule: '6.1 what is stale is named with the position',
    file: 'processor/stale-list.ts',
    find: 'blocks: this.#blocks.map(({at}) => at),',
    replace: 'blocks: [],',
    by: 'processor/stale-list.test.ts',
  },
  {
    rule: '6.1 epochs of relays outlive an owner',
    file: 'contracts/epochs.ts',
    find: 'let entries = known.filter(entry => entry.offset < start)',
    replace: 'let entries = known.filter(entry => entry.offset < start - 1e9)',
    by: 'contracts/epochs.test.ts',
  },
  {
    rule: '6.3 at one offset the row in which less is stale wins',
    file: 'readmodel/fence.ts',
    find: 'STALE_MAX - stale',
    replace: 'STALE_MAX',
    by: 'readmodel/fence.test.ts',
  },
  {
    rule: '6.3 at one offset the raw row of the later takeover wins, and a patch over it',
    file: 'readmodel/fence.ts',
    find: '2 * takeover + (isPatch ? 1 : 0)',
    replace: 'isPatch ? 1 : 0',
    by: 'readmodel/fence.test.ts',
  },
  {
    rule: '6.3 the higher offset wins',
    file: 'processor/checkpoint.ts',
    find: 'const fence: Fence = {partition, offset: state.foldedOffset}',
    replace: 'const fence: Fence = {partition, offset: Math.min(3, state.foldedOffset)}',
    by: {},
  },
  {
    rule: '6.3 corrections wait until every aggregate is durable',
    file: 'processor/checkpoint.ts',
    find: 'await releaseCorrections(foldedOffset, signal)',
    replace: 'await releaseCorrections(state.foldedOffset, signal)',
    by: {},
  },
  {
    rule: '6.3 who lost the partition releases no correction, and saves nothing that was folded with registers',
    file: 'processor/checkpoint.ts',
    find: 'if (!(await positions.hold(topic, partition, wanted))) {',
    replace: 'if (!(await positions.hold(topic, partition, wanted)) && wanted.takeover < 0) {',
    by: {
      endings: ['zombie', 'zombie', 'zombie', 'zombie'],
      ownersBefore: 4,
      raceOneIn: 1,
      upset: null,
    },
  },
  {
    rule: '6.3 two owners never have one takeover',
    file: 'readmodel/positions.ts',
    find: 'return {takeover, holder, ceiling: last}',
    replace: 'return (await ownerOf(topic, partition))!',
    by: {raceOneIn: 1, ownersBefore: 4, upset: null},
  },
  {
    rule: '6.3 a record that was announced as repeated is looked up',
    file: 'processor/admit.ts',
    find: "meta.op === 'c' && !meta.redelivered",
    replace: "meta.op === 'c'",
    by: 'processor/admit.test.ts',
  },
  {
    rule: '6.3 what is not newer than its register changes nothing',
    file: 'processor/admit.ts',
    find: "if (stored !== null && isIncluded(arrival, stored)) return {kind: 'stale'}",
    replace: '',
    by: {},
  },
  {
    rule: '6.3 a correction takes out what is stored, not what it says',
    file: 'processor/admit.ts',
    find: 'retract: stored?.event ?? null,',
    replace: 'retract: stored === null ? null : effect.event,',
    by: {},
  },
  {
    rule: '6.3 a row is loaded before it is folded into',
    file: 'processor/state-cache.ts',
    find: 'options.ceiling >= 0',
    replace: 'options.ceiling >= 1e9',
    by: {},
  },
  {
    rule: '6.3 a record is folded once into each bucket',
    file: 'readmodel/bucket.ts',
    find: 'this.guard = guard',
    replace: 'this.guard = Math.min(guard, -1)',
    by: 'readmodel/bucket.test.ts',
  },
  {
    rule: '6.3 a spilled part has a name of its own',
    file: 'processor/partition-state.ts',
    find: 'return takeover * NAMES_PER_TAKEOVER + count',
    replace: 'return count',
    by: 'processor/partition-state.test.ts',
  },
  {
    rule: '6.4 what an earlier owner may have written late is not mended over',
    file: 'processor/mend.ts',
    find: 'if (state.foldedOffset + 1 < state.staleEnd) return',
    replace: 'if (state.staleEnd < 0) return',
    by: 'processor/mend.test.ts',
  },
  {
    rule: '6.4 mending reads when what was folded before is durable',
    file: 'processor/mend.ts',
    find: 'await progress.until(() => state.durableOffset >= begun.offset, signal)',
    replace: '',
    by: 'processor/mend.test.ts',
  },
  {
    rule: '6.4 what is taken out while a part is read spoils it',
    file: 'readmodel/mending.ts',
    find: 'return !bucket.isRetracted',
    replace: 'return true',
    by: {upset: null},
  },
  {
    rule: '6.4 a bucket that an earlier owner wrote further waits',
    file: 'readmodel/mending.ts',
    find: "if (bucket.guard > at.foldedOffset()) return 'early'",
    replace: '',
    by: {},
  },
  {
    rule: '6.4 what is made of something stale is stale',
    file: 'readmodel/bucket.ts',
    find: 'this.isRetracted ||= other.isRetracted',
    replace: 'void other.isRetracted',
    by: {upset: null},
  },
  {
    rule: '6.4 an entry goes when its part is mended, and not before',
    file: 'processor/mend.ts',
    find: 'if (isDone) {\n      stale.remove(part)',
    replace: 'stale.remove(part)\n    if (isDone) {',
    by: 'processor/mend.test.ts',
  },
  {
    rule: '6.4 one part that cannot be read delays no other',
    file: 'processor/mend.ts',
    find: "outcomes.set(part, 'failed')",
    replace: 'throw error',
    by: 'processor/mend.test.ts',
  },
  {
    rule: '6.4 what cannot be taken out is said',
    file: 'readmodel/bucket.ts',
    find: 'if (!isOlder) this.isRetracted = true',
    replace: '',
    by: {upset: null},
  },
  {
    rule: '6.5 a value of another run is missing',
    file: 'readmodel/live-reads.ts',
    find: 'if (run?.toString() !== marker.run) return undefined',
    replace: 'if (run === undefined || run === null) return undefined',
    by: {storms: 4, upset: null},
  },
  {
    rule: '6.5 a new run has everything due that is not stored',
    file: 'processor/state-cache.ts',
    find: 'row.isLive = false',
    replace: 'void row',
    by: {storms: 6, upset: null},
  },
  {
    rule: '6.5 the marker comes with the last call of a round',
    file: 'processor/live-writer.ts',
    find: 'offset: isLast ? offset : null,',
    replace: 'offset,',
    by: {upset: null, storms: 0},
  },
  {
    rule: '6.5 whoever is refused draws another run',
    file: 'processor/live-writer.ts',
    find: "if (flushed.outcome === 'over' || live.connection !== connection) throw refused()",
    replace: '',
    by: {storms: 4, upset: null},
  },
  {
    rule: '6.5 a deleted event stays deleted',
    file: 'processor/fold-batch.ts',
    find: 'if (withHash) state.liveEvents.push(write)',
    replace: "if (withHash && write.kind === 'put') state.liveEvents.push(write)",
    by: {upset: null},
  },
  {
    rule: '6.5 a step that Redis evicted is missed',
    file: 'processor/live-steps.ts',
    find: 'known.add(start)',
    replace: '',
    by: 'processor/live-steps.test.ts',
  },
]

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const run = (args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> =>
  new Promise(resolve => {
    const options = {env: {...process.env, ...env}, maxBuffer: 1e8}
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr})
    })
  })

const WRONG =
  '^(Cassandra wrong|Redis wrong|reader|the owner failed|an earlier owner failed|two owners|committed)'

async function findInModel(bugs: readonly Plant[], options: Options): Promise<string> {
  const job: ModelJob = {from: 1, to: 1000, patienceMs: 1500, ...options, symptom: WRONG}
  const {stdout, stderr} = await run(['test/run-model.ts', JSON.stringify(job)], planted(...bugs))
  if (stdout === '') throw new Error(stderr)
  const {found} = JSON.parse(stdout) as ModelJobDone
  return found?.difference ?? 'nothing differs'
}

/** @returns the summary of the tests */
async function findInTests(bugs: readonly Plant[], file: string): Promise<string> {
  const {PLANT} = planted(...bugs)
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', file]
  const {stdout, stderr} = await run(args, {PLANT, NO_COLOR: '1'})
  return /Tests {2}.*/.exec(stdout)?.[0] ?? stderr
}

test.each(RULES.map(rule => [rule.rule, rule] as const))(
  'without it something turns red: %s',
  async (_name, {by, also, ...plant}) => {
    const bugs = also === undefined ? [plant] : [plant, also]
    if (typeof by === 'string') expect(await findInTests(bugs, by)).toMatch(/ failed/)
    else expect(await findInModel(bugs, by)).toMatch(new RegExp(WRONG))
  },
  600_000,
)

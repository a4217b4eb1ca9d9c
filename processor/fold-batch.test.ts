/** Hashes of single events, over a replay of what an earlier owner had folded. */
import {expect, test} from 'vitest'
import {createEpochTable} from '../contracts/epochs.ts'
import type {Op} from '../contracts/record.ts'
import {planStream} from '../readmodel/plan.ts'
import type {Projection} from '../readmodel/projection.ts'
import type {Register} from '../readmodel/raw-table.ts'
import {planShown} from '../readmodel/shown.ts'
import {model} from '../test/model-stream.ts'
import {createFold, type AdmittedRecord, type FoldDeps} from './fold-batch.ts'
import {createFilings} from './filings.ts'
import {LateReferences} from './late-references.ts'
import {createPartNames, type PartitionState} from './partition-state.ts'
import {PendingWrites} from './pending-writes.ts'
import {StaleList} from './stale-list.ts'
import {createBudget, StateCache} from './state-cache.ts'

const REPLAY_END = 10
/** The log went further when this owner began. */
const RAW_END = REPLAY_END + 2
const plan = planStream(model)

const NOTHING_ELSE = {at: null, value: null, status: null, position: null}

const openState = (): PartitionState => ({
  topic: 'model',
  partition: 0,
  ownership: {takeover: 2, holder: 'b', ceiling: REPLAY_END},
  cache: new StateCache({
    partition: 0,
    projections: [],
    budget: createBudget({entriesMax: 10, bytesMax: 1000}),
    ceiling: REPLAY_END,
    onStale: () => undefined,
  }),
  stale: new StaleList(2),
  pending: new PendingWrites(),
  filings: createFilings(
    async () => undefined,
    0,
    () => 0,
  ),
  naming: createPartNames(2),
  epochs: createEpochTable([], 0),
  liveEvents: [],
  foldedOffset: -1,
  unfoldedOffset: -1,
  foldedIdentity: null,
  lag: 0,
  durableOffset: -1,
  late: new LateReferences(),
  registerReads: 0,
  replayEnd: REPLAY_END,
  staleEnd: 0,
  rawEnd: RAW_END,
  unshownSince: null,
})

const record = (op: Op, offset: number, content: string): AdmittedRecord => {
  const meta = {op, outbox_id: offset, created_at: offset, before: null, redelivered: false}
  const sender = {lanes: 1, lane: 0, epoch: 1}
  return {kind: 'record', offset, record: {id: 1, content, ...NOTHING_ELSE, ...meta, ...sender}}
}

const depsOf = (stored: Register | null): FoldDeps => ({
  plan,
  shown: planShown(model),
  raw: {registers: async ids => ids.map(() => stored)},
  references: new Map(),
  now: () => 0,
  hasHashes: true,
  hashLagMax: 100,
})

/** Folds records one by one, each durable before the next, where a later write stands already. */
async function hashesOf(
  records: readonly AdmittedRecord[],
  stored: Register | null,
): Promise<readonly (readonly [kind: string, content: unknown, outboxId: number])[]> {
  const state = openState()
  const fold = createFold(state, depsOf(stored))
  for (const one of records) {
    await fold([one])
    const {pending} = state
    for (const group of [pending.takeImmediate(10), pending.takeDeferred(one.offset)]) {
      if (group.taken.length > 0) pending.settle(group)
    }
  }
  return state.liveEvents.map(({kind, event, outboxId}) => [kind, event['content'], outboxId])
}

const storedBy = (outboxId: number, content: string | null): Register => {
  const event = content === null ? null : {id: 1, content, ...NOTHING_ELSE}
  return {event, shown: {}, outboxId, createdAt: outboxId, processedAt: 0, offset: outboxId}
}

test('a replay shows of an event what an earlier owner stored of a later record', async () => {
  const records = [record('c', 1, 'first'), record('u', 2, 'second')]
  expect(await hashesOf(records, storedBy(3, 'later'))).toEqual([
    ['put', 'first', 1],
    ['put', 'later', 3],
  ])
})

test('a replay shows that an event is gone that an earlier owner deleted', async () => {
  const records = [record('c', 1, 'first'), record('d', 2, 'first')]
  expect(await hashesOf(records, storedBy(2, null))).toEqual([
    ['put', 'first', 1],
    ['delete', 'first', 2],
  ])
})

test('a change that is repeated after its event was deleted does not bring it back', async () => {
  expect(await hashesOf([record('u', 1, 'old')], storedBy(2, null))).toEqual([['delete', 'old', 2]])
})

test('beyond the replay a record that is late changes no hash', async () => {
  expect(await hashesOf([record('u', REPLAY_END + 1, 'x')], storedBy(20, 'y'))).toEqual([])
})

test('INV-48: a new raw row clears what an earlier owner may have shown in it, as far as the log went', async () => {
  const state = openState()
  const offsets = [REPLAY_END, RAW_END - 1, RAW_END]
  const records = offsets.map(offset => {
    const one = record('c', offset, 'new')
    return {...one, record: {...one.record, id: offset}}
  })
  await createFold(state, depsOf(null))(records)
  const {writes} = state.pending.takeImmediate(10)
  expect(writes.map(({mayRepeat}) => mayRepeat)).toEqual([true, true, false])
})

/** Kinds of the raw writes of records that are folded one by one, and how many events were applied. */
async function writesOf(records: readonly AdmittedRecord[], stored: Register | null) {
  const state = openState()
  const fold = createFold(state, depsOf(stored))
  let applied = 0
  for (const one of records) applied += (await fold([one])).applied
  const {writes} = state.pending.takeDeferred(100)
  return {applied, writes: writes.map(({kind, outboxId}) => [kind, outboxId])}
}
const refused = (one: AdmittedRecord): AdmittedRecord => ({...one, kind: 'refused'})

test('INV-30: an update that is refused takes its event out, and later ones put it back', async () => {
  const stored = storedBy(1, 'first')
  const bad = refused(record('u', 2, 'bad'))
  expect(await writesOf([bad], stored)).toEqual({applied: 0, writes: [['delete', 2]]})
  expect(await writesOf([bad, record('u', 3, 'good')], stored)).toEqual({
    applied: 1,
    writes: [['put', 3]],
  })
  expect(await writesOf([bad, record('d', 3, 'bad')], stored)).toEqual({
    applied: 0,
    writes: [['delete', 3]],
  })
})

test('INV-30: a refused record that is older than what is stored changes nothing', async () => {
  const late = refused(record('r', 2, 'bad'))
  expect(await writesOf([late], storedBy(3, 'newer'))).toEqual({applied: 0, writes: []})
})

test('a new event that is refused costs no look-up and no row', async () => {
  const state = openState()
  const registers = async (): Promise<never> => expect.unreachable('nothing is looked up')
  const deps = {...depsOf(null), raw: {registers}}
  await createFold(state, deps)([refused(record('c', 1, 'bad'))])
  expect([state.pending.immediateCount, state.pending.deferredCount]).toEqual([0, 0])
  expect(state.foldedOffset, 'it is passed all the same').toBe(1)
})

const DAY_US = 86_400_000_000

test('INV-58: a correction that is too old takes the event out of sight, and no number follows it until it is new again', async () => {
  const now = 100 * DAY_US
  const state = openState()
  const fold = createFold(state, {
    ...depsOf(null),
    plan: planStream({...model, keepDays: 30}),
  })
  const change = (op: Op, offset: number, before: number | null, after: number): AdmittedRecord => {
    const one = record(op, offset, 'a')
    const image = {...one.record, at: after, created_at: now + offset, before: null}
    return {...one, record: {...image, before: before === null ? null : {...image, at: before}}}
  }
  const counts = []
  const written: unknown[] = []
  for (const one of [
    change('u', 11, now - 40 * DAY_US, now),
    change('u', 12, now, now),
    change('d', 13, now, now),
    change('c', 14, null, now),
    change('u', 15, now, now - DAY_US),
  ]) {
    const {tooOld, applied, corrected} = await fold([one])
    counts.push([tooOld, applied, corrected])
    const {pending} = state
    const {event, isOutside} = pending.registerAt(1)!
    written.push([event === null ? 'deleted' : 'there', isOutside])
  }
  expect(counts).toEqual([
    [1, 0, 0],
    [1, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
    [0, 1, 1],
  ])
  expect(written).toEqual([
    ['deleted', true],
    ['deleted', true],
    ['deleted', false],
    ['there', false],
    ['there', false],
  ])
})

test('INV-104: a repair puts its row and is folded into nothing; parts that it names are doubted', async () => {
  const calls: string[] = []
  const projection: Projection = {
    id: 'sums',
    keysOf: () => ['a'],
    create: () => ({}),
    apply: () => calls.push('apply') > 0,
    retract: () => calls.push('retract') > 0,
    want: () => true,
    doubt: (_state, {key, level, start}, offset) =>
      void calls.push(`doubt ${key} ${level} ${start} at ${offset}`),
    bytesOf: () => 1,
    table: {
      load: async () => new Map(),
      encode: () => ({parts: [], before: [], rows: [], commit: () => undefined}),
    },
    liveOf: () => [],
  }
  const cache = new StateCache({
    partition: 0,
    projections: [projection],
    budget: createBudget({entriesMax: 10, bytesMax: 1e6}),
    ceiling: -1,
    onStale: () => undefined,
  })
  const state = {...openState(), cache}
  const parts = [
    ['sums', 'b', 'hour', 3600, null, null],
    ['of another stream', 'b', 'hour', 3600, null, null],
  ] as const
  const fold = createFold(state, depsOf(storedBy(3, 'wrong')))
  await fold([{...record('r', 20, 'right'), repair: {parts}}])
  expect(calls).toEqual(['doubt b hour 3600 at 20'])
  const {writes} = state.pending.takeDeferred(20)
  expect(writes.map(({kind, event}) => [kind, event['content']])).toEqual([['put', 'right']])
  expect(state.unfoldedOffset).toBe(20)
  // The same without: what is stored is taken out, and what comes is added.
  await fold([record('r', 21, 'other')])
  expect(calls.slice(1)).toEqual(['retract', 'apply'])
})

const reread = (offset: number, content: string): AdmittedRecord => ({
  ...record('r', offset, content),
  isReread: true,
})

test('INV-138: a row that a backfill reads as it is stored is not written, and what comes later is', async () => {
  const stored = storedBy(3, 'same')
  const [again, changed] = [REPLAY_END + 1, REPLAY_END + 2]
  const {writes} = await writesOf([reread(again, 'same')], stored)
  expect(writes).toEqual([])
  expect(await hashesOf([reread(again, 'same')], stored)).toEqual([])
  expect((await writesOf([reread(again, 'other')], stored)).writes).toEqual([['put', again]])
  expect(
    (await writesOf([reread(again, 'same'), record('u', changed, 'new')], stored)).writes,
  ).toEqual([['put', changed]])
  expect((await writesOf([record('d', again, 'same')], stored)).writes).toEqual([['delete', again]])
})

test('INV-138: what else tells a row again is written: it has to be newer than what another partition has of it', async () => {
  const stored = storedBy(3, 'same')
  const offset = REPLAY_END + 1
  for (const op of ['r', 'u'] as const) {
    const {writes} = await writesOf([record(op, offset, 'same')], stored)
    expect(writes).toEqual([['put', offset]])
  }
})

test('INV-138: it is written where the register would stay behind something: a replay, ids that went back, a repair', async () => {
  const stored = storedBy(3, 'same')
  expect((await writesOf([reread(5, 'same')], stored)).writes).toEqual([['put', 5]])
  const offset = REPLAY_END + 1
  const restored = {...storedBy(1000, 'same'), offset: 3}
  expect((await writesOf([reread(offset, 'same')], restored)).writes).toEqual([['put', offset]])
  const repair = {...reread(offset, 'same'), repair: {parts: []}}
  expect((await writesOf([repair], stored)).writes).toEqual([['put', offset]])
  const gone = await writesOf([reread(offset, 'same')], storedBy(3, null))
  expect(gone.writes).toEqual([['put', offset]])
})

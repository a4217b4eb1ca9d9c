/** Histories of changes of rows and of the definition in three sessions: drawn, played, and judged. */
import fc from 'fast-check'
import {expect} from 'vitest'
import type {Client} from '../platform/postgres.ts'
import {DEFINITIONS, REFUSED} from './capture-definitions.ts'
import {createReader, readEntries, readRows} from './capture-reader.ts'
import {judgeError, REFUSALS, type Outcome} from './capture-refusals.ts'
import {makeForeign, OTHERS, TRANSACTIONS, WRITES, type Args} from './capture-statements.ts'
import {KEY_TYPES, makeTable, readState, type Setup, type TableState} from './capture-table.ts'
import type {OutboxWorld} from './outbox-world.ts'

const STATEMENTS = {...WRITES, ...TRANSACTIONS, ...OTHERS, ...DEFINITIONS}
export type Kind = keyof typeof STATEMENTS
export const KINDS = Object.keys(STATEMENTS) as readonly Kind[]

export interface Step extends Args {
  readonly kind: Kind
}

export interface History {
  readonly setup: Setup
  /** In turns: one statement at a time, the same whenever it is played. Otherwise sessions race. */
  readonly isInTurns: boolean
  readonly steps: readonly Step[]
}

export const SESSIONS = 3
/** Beside histories without them: foreign statements, and what ends the table, are rarer. */
const WEIGHTS: Partial<Record<Kind, number>> = {
  insertNew: 2,
  update: 3,
  updateKey: 2,
  move: 2,
  delete: 2,
  begin: 4,
  commit: 5,
  rollbackTo: 2,
  savepoint: 2,
  foreign: 3,
  set: 2,
  createTrigger: 2,
  detachDelete: 2,
  detachKeep: 2,
  attachAgain: 4,
}
const weightOf = (kind: Kind): number =>
  kind in TRANSACTIONS || kind in OTHERS || kind in WRITES
    ? 2 * (WEIGHTS[kind] ?? 1)
    : (WEIGHTS[kind] ?? 1)

const kind = fc.oneof(
  ...KINDS.filter(one => one !== 'dropTable').map(one => ({
    weight: 3 * weightOf(one),
    arbitrary: fc.constant(one),
  })),
  {weight: 1, arbitrary: fc.constant<Kind>('dropTable')},
)
const step: fc.Arbitrary<Step> = fc.record({
  session: fc.nat(SESSIONS - 1),
  kind,
  ids: fc.uniqueArray(fc.integer({min: 1, max: 8}), {minLength: 1, maxLength: 4}),
  n: fc.nat(99),
  m: fc.nat(99),
})
const setup: fc.Arbitrary<Setup> = fc.record({
  isPartitioned: fc.boolean(),
  key: fc.constantFrom(...KEY_TYPES),
  id: fc.constantFrom('int', 'numeric', 'text'),
  primaryKey: fc.constantFrom('id', 'id', 'id, k', 'k, id'),
  perRow: fc.nat(3).map(n => n === 0),
  generated: fc.constantFrom('none', 'none', 'STORED', 'VIRTUAL'),
})
export const histories: fc.Arbitrary<History> = fc.record({
  setup,
  isInTurns: fc.nat(3).map(n => n > 0),
  steps: fc.array(step, {minLength: 1, maxLength: 40, size: 'max'}),
})

/** How often each kind was done, and how often something was refused, in many histories. */
export interface Tally {
  readonly done: Map<Kind, number>
  readonly refused: Map<string, number>
  readonly given: Map<string, number>
  records: number
}
export const createTally = (): Tally => ({
  done: new Map(),
  refused: new Map(),
  given: new Map(),
  records: 0,
})
const count = <K>(counts: Map<K, number>, key: K): void =>
  void counts.set(key, (counts.get(key) ?? 0) + 1)

/** Three sessions with a world; they are the same for all histories played in it. */
export interface Stage {
  readonly world: OutboxWorld
  readonly sessions: readonly Client[]
  readonly tally: Tally
}

export async function openStage(world: OutboxWorld, tally = createTally()): Promise<Stage> {
  const sessions = await Promise.all(
    Array.from({length: SESSIONS}, async () => await world.session()),
  )
  return {world, sessions, tally}
}

interface Played {
  readonly oid: number
  readonly faults: string[]
}

/** Does one step in its session. A table that is gone by name is named as it was. */
async function doStep(
  stage: Stage,
  played: Played,
  at: Step,
  last: TableState,
): Promise<TableState> {
  const client = stage.sessions[at.session]!
  let state = last
  try {
    state = (await readState(client, played.oid)) ?? last
  } catch {
    // The transaction has failed: what comes is refused, or ends it.
  }
  const sql = STATEMENTS[at.kind](state, at)
  let outcome: Outcome = {is: 'done'}
  try {
    await client.query(sql)
  } catch (error) {
    outcome = judgeError(error, {kind: at.kind, isolation: state.isolation})
  }
  if (outcome.is === 'done' && sql !== 'SELECT') count(stage.tally.done, at.kind)
  if (outcome.is === 'refused') count(stage.tally.refused, outcome.why)
  if (outcome.is === 'given up') count(stage.tally.given, `${at.kind} ${outcome.code}`)
  if (outcome.is === 'fault') played.faults.push(`${at.kind}: ${outcome.why}\n${sql}`)
  return state
}

async function playSteps(stage: Stage, played: Played, history: History): Promise<void> {
  const first = (await readState(stage.world.client, played.oid))!
  const lasts = stage.sessions.map(() => first)
  const take = async (at: Step): Promise<void> => {
    lasts[at.session] = await doStep(stage, played, at, lasts[at.session]!)
  }
  if (history.isInTurns) for (const at of history.steps) await take(at)
  else
    await Promise.all(
      stage.sessions.map(async (_, session) => {
        for (const at of history.steps) if (at.session === session) await take(at)
      }),
    )
  for (const session of stage.sessions.keys())
    await take({session, kind: 'commit', ids: [1], n: 0, m: 0})
}

/** Sessions as new, and a fresh table. In turns nobody who holds a lock goes on while somebody waits for it. */
async function setUp({world, sessions}: Stage, {setup: what, isInTurns}: History): Promise<Played> {
  for (const client of sessions) {
    await client.query('ROLLBACK')
    await client.query('RESET ALL; DISCARD TEMP')
    await client.query(
      `SET lock_timeout = '${isInTurns ? 8 : 100}ms'; SET deadlock_timeout = '10ms'; SET client_min_messages = error`,
    )
  }
  const oid = await makeTable(world.client, what)
  for (const session of sessions.keys()) await world.run(makeForeign(session))
  return {oid, faults: []}
}

/** Does what a relay does with backfills. One that failed is asked for again, as somebody would. */
async function backfill(client: Client): Promise<void> {
  const {rows} = await client.query<{topic: string}>(
    "DELETE FROM cdc.backfills WHERE state = 'failed' RETURNING topic",
  )
  for (const {topic} of rows)
    await client.query('INSERT INTO cdc.backfills (topic) VALUES ($1)', [topic])
  do await client.query('UPDATE cdc.backfills SET next_at = clock_timestamp()')
  while ((await client.query('SELECT FROM cdc.backfill_step()')).rowCount! > 0)
}

/** Kinds after which a record may come before the one that it names as the row before. */
const NESTING: ReadonlySet<Kind> = new Set<Kind>(['createTrigger', 'reuse', 'merge', 'goneAndBack'])

/** Plays one history. Answers what is wrong; nothing, when all is well. */
async function play(stage: Stage, history: History): Promise<string[]> {
  const {client} = stage.world
  const {rows: ids} = await client.query<{id: number}>(
    "SELECT nextval('cdc.outbox_events_id_seq')::int AS id",
  )
  const played = await setUp(stage, history)
  await playSteps(stage, played, history)
  const state = await readState(client, played.oid)
  // A table that was dropped is not captured any more.
  if (state === undefined) return played.faults
  const {rows: problems} = await client.query<{problem: string}>('SELECT problem FROM cdc.check()')
  await backfill(client)
  const {rows: failed} = await client.query<{problem: string}>(
    "SELECT problem FROM cdc.backfills WHERE state <> 'done'",
  )
  const reader = createReader(history.steps.every(({kind: one}) => !NESTING.has(one)))
  const entries = await readEntries(client, ids[0]!.id)
  for (const entry of entries) reader.take(entry)
  stage.tally.records += entries.length
  return [
    ...played.faults,
    ...[...problems, ...failed].map(({problem}) => problem),
    ...reader.compare(await readRows(client, state)),
  ]
}

interface Runs {
  readonly runs: number
  readonly seed: number
  readonly onPlayed?: () => void
}

/** Plays that many histories; the first that goes wrong is made small. */
export async function expectHistories(stage: Stage, {runs, seed, onPlayed}: Runs): Promise<void> {
  let isToldOf = false
  await fc.assert(
    fc.asyncProperty(histories, async history => {
      const faults = await play(stage, history)
      onPlayed?.()
      if (faults.length > 0 && !isToldOf) {
        // Sessions that race do not do so the same way again: what went wrong first is worth seeing.
        isToldOf = true
        console.log(`of seed ${seed}: ${faults.join('; ')}\n${JSON.stringify(history)}`)
      }
      expect(faults).toEqual([])
    }),
    {numRuns: runs, seed, endOnFailure: process.env['CAPTURE_SHRINK'] === 'no'},
  )
}

/** Kinds that are only ever refused. */
const REFUSED_ONLY: ReadonlySet<Kind> = new Set<Kind>([
  ...(Object.keys(REFUSED) as Kind[]),
  'dropPart',
  'truncate',
])

/** Statements and refusals that were drawn, and never came about: histories without them prove nothing of them. */
export function missingOf({done, refused}: Tally): string[] {
  return [
    ...KINDS.filter(one => !done.has(one) && !REFUSED_ONLY.has(one)),
    ...Object.entries(REFUSALS).flatMap(([why, {isRare}]) =>
      refused.has(why) || isRare === true ? [] : [why],
    ),
  ]
}

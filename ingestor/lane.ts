/**
 * One ownership of one lane: connection, producer and epoch are opened together and end together.
 *
 * Guarantees    INV-4, INV-108, INV-109. INV-100: after an ungraceful takeover nothing is sent before the sends of the
 *               owner before must have been given up.
 */
import {messageOf, PipelineError} from '../platform/errors.ts'
import type {Publisher} from '../platform/kafka.ts'
import {pause} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import type {Client, Pool} from '../platform/postgres.ts'
import {bury} from './dead-letters.ts'
import type {LookUp} from './look-ups.ts'
import {createIdGuard, flushCommits} from './id-guard.ts'
import type {IdCeiling} from './id-ceiling.ts'
import {saveCursor, takeLane, tryLockLane, waitWhileHeld, type Taken} from './leases.ts'
import type {LaneMonitor} from './monitor.ts'
import {assertOurs, readOutbox, type OutboxPage, type OutboxRow} from './outbox-reader.ts'
import {nextPace, type Pace} from './page-weight.ts'
import {toBatch, type Batch, type BatchOptions} from './publish.ts'
import {runEpoch, type EpochOptions, type RefusedSend} from './relay.ts'
import type {RouteTable} from './routes.ts'
import type {Cursor, ReadPlan} from './snapshot-cursor.ts'
import {createWatch, type Turns, type Watch} from './suspects.ts'
import type {Wake} from './wake.ts'

export interface LaneDeps {
  /** A connection that holds the lane's lock as long as it lives. */
  openLease(): Promise<Client>
  openPublisher(): Promise<Publisher>
  readonly routes: RouteTable
  readonly ceiling: IdCeiling
  /** Undefined when no stream looks anything up. */
  readonly lookUp: LookUp | undefined
  readonly pool: Pool
  readonly wake: Wake
  /** Shared by all lanes of the process. */
  readonly turns: Turns
  readonly monitor: LaneMonitor
  readonly log: Logger
}

export interface LaneOptions extends EpochOptions, BatchOptions {
  readonly owner: string
  readonly pageRows: number
  readonly pageBytes: number
  readonly graceMs: number
  readonly leaseMs: number
}

/** What is known about a lane's rows beyond one epoch. */
export interface LaneMemory {
  /** The highest id that was published. */
  highestId: number
  /** Rows that the broker refused alone, with its reason. */
  readonly condemned: Map<number, PipelineError>
  /** So many rows go one by one, to find the one that the broker refuses. */
  narrow: number
  routesStale: boolean
}

export const createLaneMemory = (): LaneMemory => ({
  highestId: 0,
  condemned: new Map(),
  narrow: 0,
  routesStale: false,
})

/** What follows from a refused send: send one by one, or put the one row aside. Pure but for `memory`. */
export function learnFrom({error, rows}: RefusedSend, memory: LaneMemory): void {
  if (!(error instanceof PipelineError) || error.disposition !== 'dead-letter') return
  if (error.code === 'TOPIC_UNKNOWN') {
    // The listing of topics decides: brokers say this also while they are starting.
    memory.routesStale = true
  } else if (rows.length === 1) {
    memory.condemned.set(rows[0]!.id, error)
  } else {
    memory.narrow = rows.length
  }
}

/**
 * Owns the lane until the signal fires.
 *
 * @returns false when another relay holds it
 * @throws what ended the epoch: the lane may be taken again, with everything opened anew
 */
export async function runLane(
  lane: number,
  memory: LaneMemory,
  deps: LaneDeps,
  options: LaneOptions,
  signal: AbortSignal,
): Promise<boolean> {
  await using resources = new AsyncDisposableStack()
  const client = await deps.openLease()
  resources.defer(() => client.end().catch(() => undefined))
  if (!(await tryLockLane(client, lane))) return false
  const stopPing = keepAlive(client, options.leaseMs / 4)
  resources.defer(stopPing)
  // Kafka first: while it is away no epoch is spent.
  await deps.routes.find(memory.routesStale)
  memory.routesStale = false
  const publisher = await deps.openPublisher()
  resources.defer(() => publisher.close().catch(() => undefined))
  const knowledge = {
    owner: options.owner,
    highestId: memory.highestId,
    ceiling: deps.ceiling,
  }
  const taken = await takeLane(client, lane, knowledge)
  const log = deps.log.child({lane, lanes: taken.lanes, epoch: taken.epoch})
  log.info({isClean: taken.isClean}, 'lane taken')
  if (taken.wentBack !== null) {
    log.error(
      {why: taken.wentBack},
      'the source went back: ids go on beyond all that were published; npm run reconcile finds what was lost, npm run rebuild mends it',
    )
  }
  if (!taken.isClean) await pause(options.graceMs, signal)
  deps.monitor.taken(taken)
  resources.defer(() => deps.monitor.left(lane))
  const waiter = deps.wake.subscribe()
  resources.defer(() => waiter.close())
  const watch = createWatch(taken, taken.ends, 2 * options.pageRows)
  resources.defer(() => watch.end().catch(() => undefined))
  if (watch.isOn())
    log.warn(taken.ends, 'relays ended here without getting further: rows go one by one')
  const work = {memory, deps: {...deps, log}, options, client, publisher, taken, watch}
  await runEpoch(taken, {...toEpochDeps(work), waiter}, options, {
    signal,
    onRefused: refused => learnFrom(refused, memory),
  })
  log.info('lane released')
  return true
}

interface LaneWork {
  readonly memory: LaneMemory
  readonly deps: LaneDeps
  readonly options: LaneOptions
  readonly client: Client
  readonly publisher: Publisher
  readonly taken: Taken
  readonly watch: Watch
}

/** Reads pages; while a row is looked for that ends processes, row by row. */
function createPages({memory, deps, options, client, taken: of, watch}: LaneWork) {
  const most = options.pageRows
  const bytes = options.pageBytes
  let pace: Pace = {rows: most, isWeighed: false}
  const lookUp = async (page: OutboxPage): Promise<OutboxPage> =>
    deps.lookUp === undefined ? page : await deps.lookUp(page)
  const readOne = async (plan: ReadPlan & {readonly kind: 'page'}): Promise<OutboxPage> =>
    await watch.next({
      client,
      turns: deps.turns,
      peek: async () => await readOutbox(client, of, plan, {rows: 1, bytes: 0, isWeighed: true}),
      read: async () =>
        await lookUp(await readOutbox(client, of, plan, {rows: 1, bytes, isWeighed: true})),
      condemn: (id, why) => void memory.condemned.set(id, why),
    })
  return {
    rows: () => (memory.narrow > 0 ? 1 : pace.rows),
    async read(plan: ReadPlan, asked: number): Promise<OutboxPage> {
      const isAgain = plan.kind === 'page' && plan.redelivered
      if (isAgain && watch.isLooking()) return await readOne(plan)
      if (plan.kind !== 'lowest') await watch.end()
      const limit = {rows: asked, bytes, isWeighed: pace.isWeighed}
      const page = await readOutbox(client, of, plan, limit)
      pace = nextPace(pace, {asked, most}, page)
      return await lookUp(page)
    },
  }
}

function toEpochDeps(work: LaneWork) {
  const {memory, deps, options, client, publisher, taken, watch} = work
  const {lane, lanes, epoch} = taken
  const of = {lane, lanes, epoch}
  const guard = createIdGuard({
    voidIds: taken.voidIds,
    published: () => memory.highestId,
    flush: async () => await flushCommits(deps.pool),
    raise: async () => await deps.ceiling.raise(publisher, lane),
    now: () => performance.now(),
  })
  const refuse = (row: OutboxRow): PipelineError | undefined => memory.condemned.get(row.id)
  const pages = createPages(work)
  return {
    async readPage(plan: ReadPlan, asked: number): Promise<OutboxPage> {
      const page = await pages.read(plan, asked)
      await guard.admit(page)
      return page
    },
    async saveCursor(cursor: Cursor, how: {readonly release: boolean}): Promise<void> {
      await saveCursor(client, of, cursor, {...how, highestId: memory.highestId})
      await watch.saved(client)
    },
    assertOurs: async () => await assertOurs(client, of),
    toBatch: (rows: readonly OutboxRow[], redelivered: boolean): Batch =>
      toBatch(rows, {routes: deps.routes.latest(), refuse}, {...of, redelivered}, options),
    async send(batch: Batch): Promise<void> {
      await guard.allow(batch.highestId)
      await publisher.send(batch.topics)
      memory.highestId = Math.max(memory.highestId, batch.highestId)
    },
    async bury(rejected: Batch['rejected']): Promise<void> {
      await bury(deps.pool, rejected)
      for (const {row, reason, message} of rejected) {
        memory.condemned.delete(row.id)
        deps.monitor.buried(reason)
        deps.log.error({outboxId: row.id, topic: row.topic, reason, message}, 'row put aside')
      }
      // The topic may have been made meanwhile: the next rows, and this one re-driven, can go.
      if (rejected.some(({reason}) => reason === 'TOPIC_UNKNOWN')) void deps.routes.lookAgain()
    },
    whileHeld: async (isExact: boolean, signal: AbortSignal): Promise<void> =>
      await waitWhileHeld(client, {lane, isExact}, signal),
    mayReadAhead: () => !watch.isOn(),
    pageRows: pages.rows,
    now: () => performance.now(),
    observe: {
      ...deps.monitor.observer(lane),
      published(...what: Parameters<ReturnType<LaneMonitor['observer']>['published']>): void {
        memory.narrow = Math.max(0, memory.narrow - what[1].length)
        deps.monitor.observer(lane).published(...what)
      },
    },
  }
}

/** The server ends a session that is silent for the lease: a relay that waits for Kafka is not dead. */
function keepAlive(client: Client, everyMs: number): () => void {
  const timer = setInterval(() => void client.query('SELECT 1').catch(() => undefined), everyMs)
  return () => clearInterval(timer)
}

/** For logs: the code and the text of what ended a lane. */
export const describeEnd = (error: unknown): {readonly code: string; readonly message: string} => ({
  code: error instanceof PipelineError ? error.code : 'UNKNOWN',
  message: messageOf(error),
})

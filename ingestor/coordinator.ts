/**
 * Holds this relay's share of the lanes: joins the members, takes free lanes, gives up surplus ones.
 *
 * Guarantees    INV-102: a lane without owner is taken within `lookEveryMs` of its lock being free.
 * Does not      decide anything for others: each relay sees the same members and lanes (lanes.ts).
 */
import {dispositionOf, messageOf, PipelineError} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import type {Client} from '../platform/postgres.ts'
import {retryDelayMs} from '../platform/retry.ts'
import {createLaneMemory, describeEnd, type LaneMemory} from './lane.ts'
import {planLanes} from './lanes.ts'
import {isStandby, joinMembers, listMembership, type Membership} from './leases.ts'
import type {LaneMonitor} from './monitor.ts'

export interface CoordinatorDeps {
  /** A connection for membership, ended by the server when we fall silent. */
  openMember(): Promise<Client>
  /** As `runLane`. */
  runLane(lane: number, memory: LaneMemory, signal: AbortSignal): Promise<boolean>
  readonly monitor: LaneMonitor
  readonly log: Logger
  now(): number
}

export interface CoordinatorOptions {
  readonly lookEveryMs: number
}

export interface Coordinator extends Loop {
  /** What was last seen, or why nothing can be seen. */
  view(): {readonly membership: Membership | undefined; readonly problem: string | undefined}
}

interface Held {
  readonly stop: AbortController
  readonly done: Promise<void>
}

export function createCoordinator(deps: CoordinatorDeps, options: CoordinatorOptions): Coordinator {
  let membership: Membership | undefined
  let problem: string | undefined
  let fatal: {readonly error: unknown} | undefined
  const held = new Map<number, Held>()
  const records = new Map<number, LaneRecord>()

  function take(lane: number): void {
    const record = records.get(lane) ?? createLaneRecord()
    records.set(lane, record)
    if (deps.now() < record.notBefore) return
    const stop = new AbortController()
    const done = ownLane(lane, record, deps, stop.signal)
      .catch((error: unknown) => {
        fatal = {error}
      })
      .finally(() => held.delete(lane))
    held.set(lane, {stop, done})
  }

  async function look(client: Client, self: number): Promise<void> {
    if (fatal !== undefined) throw fatal.error
    membership = await listMembership(client)
    problem = undefined
    const plan = planLanes({...membership, self, held: [...held.keys()]})
    for (const lane of plan.release) held.get(lane)?.stop.abort()
    const free = plan.candidates.filter(lane => !membership!.owned.includes(lane))
    for (const lane of free.slice(0, plan.want)) take(lane)
  }

  /** One membership: from connecting until the connection breaks or the signal fires. */
  async function beMember(signal: AbortSignal): Promise<void> {
    const client = await deps.openMember()
    try {
      if (await isStandby(client)) throw onStandby()
      const self = await joinMembers(client, Date.now())
      deps.log.info({member: self}, 'joined the relays')
      while (!signal.aborted) {
        await look(client, self)
        await pause(options.lookEveryMs, signal)
      }
    } finally {
      await Promise.all([...held.values()].map(one => (one.stop.abort(), one.done)))
      await client.end().catch(() => undefined)
    }
  }

  return {
    name: 'lanes',
    view: () => ({membership, problem}),
    async run(signal) {
      for (let attempt = 1; !signal.aborted; attempt++) {
        const startedAt = deps.now()
        try {
          await beMember(signal)
        } catch (error) {
          if (dispositionOf(error) !== 'retry') throw error
          problem = messageOf(error)
          if (deps.now() - startedAt > 10_000) attempt = 1
          deps.log.warn({message: problem, attempt}, 'membership lost, trying again')
          await pause(retryDelayMs(attempt, {firstDelayMs: 200, maxDelayMs: 3_000}), signal)
        }
      }
    },
  }
}

const onStandby = (): PipelineError =>
  new PipelineError(
    'UPSTREAM_REFUSED',
    'DATABASE_URL points to a standby, whose snapshots do not list what runs on the primary; use the primary',
    {disposition: 'retry'},
  )

interface LaneRecord {
  readonly memory: LaneMemory
  failures: number
  notBefore: number
}

const createLaneRecord = (): LaneRecord => ({
  memory: createLaneMemory(),
  failures: 0,
  notBefore: 0,
})

/** How long an ownership must have lasted for its end to count as the first failure again. */
const SETTLED_MS = 5_000

/**
 * How a lane ended is told to the monitor and decides when it is tried again.
 *
 * @throws what must not be tried again
 */
async function ownLane(
  lane: number,
  record: LaneRecord,
  deps: CoordinatorDeps,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = deps.now()
  try {
    await deps.runLane(lane, record.memory, signal)
    record.failures = 0
  } catch (error) {
    const end = describeEnd(error)
    deps.monitor.failed(lane, end)
    // A refused send is a matter of its rows: the next epoch sorts them out.
    if (dispositionOf(error) === 'stop') throw error
    if (deps.now() - startedAt > SETTLED_MS) record.failures = 0
    record.failures += 1
    const delayMs = retryDelayMs(record.failures, {firstDelayMs: 50, maxDelayMs: 3_000})
    record.notBefore = deps.now() + delayMs
    deps.log.warn({lane, ...end, delayMs}, 'lane ended, to be taken again')
  }
}

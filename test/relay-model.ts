/**
 * A small world for the relay's own code: transactions and snapshots as PostgreSQL has them, a broker
 * whose answers are late or lost, relays that crash or go on as zombies. Everything that the relay
 * waits for is parked and goes on only when the schedule says so.
 */
import {setImmediate as turn} from 'node:timers/promises'
import {PipelineError} from '../platform/errors.ts'
import type {Taken} from '../ingestor/leases.ts'
import {remapLanes} from '../ingestor/lane-count.ts'
import type {OutboxPage, OutboxRow} from '../ingestor/outbox-reader.ts'
import {runEpoch, type EpochDeps} from '../ingestor/relay.ts'
import {isVisibleIn, type Cursor, type ReadPlan} from '../ingestor/snapshot-cursor.ts'
import {
  createTransactions,
  PARTITIONS,
  type ModelRow,
  type Transactions,
} from './relay-model-postgres.ts'

export interface ModelRecord extends ModelRow {
  readonly lanes: number
  readonly lane: number
  readonly epoch: number
  readonly redelivered: boolean
}

/** How rows are chosen: the relay's way, or a naive one that the checks must catch. */
export interface CursorKind {
  readonly read: (plan: ReadPlan, limit: number, pg: Transactions) => OutboxPage
  readonly takeover: (pg: Transactions, cursor: Cursor) => string
}

interface Parked {
  readonly relay: Relay
  readonly what: string
  /** What the server does; undefined once done. */
  effect: (() => unknown) | undefined
  outcome: {readonly value: unknown} | {readonly error: unknown} | undefined
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Relay {
  readonly lane: number
  readonly stop: AbortController
  isAlive: boolean
  /** The server's view: a relay without the lock may not know. */
  hasLock: boolean
  /** It says that nothing is on its way, and that the saved cursor is exact. */
  isQuiet: boolean
  ended: boolean
}

interface LaneRow {
  lanes: number
  cursor: Cursor
  epoch: number
}

/** A part of a send for one partition, on its way. */
interface Flight {
  readonly partition: number
  readonly records: readonly ModelRecord[]
}

const HELD: OutboxPage = {answer: {kind: 'held'}, rows: []}

const away = (): PipelineError =>
  new PipelineError('UPSTREAM_UNAVAILABLE', 'away', {disposition: 'retry'})

export class RelayWorld {
  readonly pg = createTransactions()
  readonly log: ModelRecord[][] = Array.from({length: PARTITIONS}, () => [])
  readonly lanes = new Map<number, LaneRow>([
    [0, {lanes: 1, cursor: {snapFrom: '1:1:', snapTo: null, lastId: 0}, epoch: 0}],
  ])
  #epoch = 0
  #clock = 0
  #relays: Relay[] = []
  #parked: Parked[] = []
  #flights: Flight[] = []
  /** Somebody holds publishing: the epochs when that began. */
  #heldFrom: string | undefined
  /** What was found wrong while all lanes were quiet. */
  readonly inexact: string[] = []
  readonly #kind: CursorKind
  readonly #pageRows: number

  constructor(kind: CursorKind, pageRows: number) {
    this.#kind = kind
    this.#pageRows = pageRows
  }

  #park<T>(relay: Relay, what: string, effect: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = resolve as (value: unknown) => void
      this.#parked.push({relay, what, effect, outcome: undefined, resolve: settle, reject})
    })
  }

  /** A relay takes a lane whose lock is free: new epoch, then the cursor, then the snapshot. */
  start(lane: number): void {
    const row = this.lanes.get(lane)
    if (row === undefined || this.#relays.some(r => r.lane === lane && r.hasLock)) return
    this.#epoch += 1
    row.epoch = this.#epoch
    const relay: Relay = {
      lane,
      stop: new AbortController(),
      isAlive: true,
      hasLock: true,
      isQuiet: false,
      ended: false,
    }
    this.#relays.push(relay)
    const taken: Taken = {
      lane,
      lanes: row.lanes,
      epoch: row.epoch,
      cursor: row.cursor,
      takeover: this.#kind.takeover(this.pg, row.cursor),
      isClean: false,
      wentBack: null,
      voidIds: {from: 0, to: 0},
      ends: {ends: 0, suspect: null, suspectEnds: 0},
    }
    const context = {signal: relay.stop.signal, onRefused: () => undefined}
    const options = {saveEveryMs: 3, holdMs: 20, closePollMs: 1, safetyPollMs: 1, gatherMs: 0}
    const end = (): void => {
      relay.ended = true
      relay.hasLock = false
      relay.isQuiet = false
    }
    runEpoch(taken, this.#deps(relay, taken), options, context).then(end, (error: unknown) => {
      if (!(error instanceof PipelineError)) throw error
      end()
    })
  }

  #deps(relay: Relay, taken: Taken): EpochDeps {
    const {lane, lanes, epoch} = taken
    const assertOurs = (): void => {
      const row = this.lanes.get(lane)
      if (row?.epoch !== epoch || row.lanes !== lanes) {
        throw new PipelineError('FENCED', 'another owner', {disposition: 'retry'})
      }
    }
    const isMine = (row: ModelRow): boolean => (row.hash & (lanes - 1)) === lane
    const mine: Transactions = {
      ...this.pg,
      visible: () => this.pg.visible().filter(isMine),
    }
    return {
      readPage: async (plan, limit) =>
        await this.#park(relay, 'read', () => {
          assertOurs()
          if (this.#heldFrom !== undefined && plan.kind !== 'lowest') return HELD
          return this.#kind.read(plan, limit, mine)
        }),
      saveCursor: async cursor =>
        await this.#park(relay, 'save', () => {
          assertOurs()
          this.lanes.get(lane)!.cursor = cursor
        }),
      assertOurs: async () => await this.#park(relay, 'assert', assertOurs),
      toBatch(rows: readonly OutboxRow[], redelivered) {
        const records = (rows as readonly unknown[] as readonly ModelRow[]).map(row => {
          return {...row, lanes, lane, epoch, redelivered}
        })
        return {
          topics: records as never,
          records: rows.length,
          bytes: 0,
          rejected: [],
          highestId: 0,
        }
      },
      send: async batch => {
        const records = batch.topics as readonly unknown[] as readonly ModelRecord[]
        const flights = Array.from({length: PARTITIONS}, (_, partition) => ({
          partition,
          records: records.filter(record => record.partition === partition),
        })).filter(flight => flight.records.length > 0)
        this.#flights.push(...flights)
        await this.#park(relay, 'send', () => {
          for (const flight of flights) this.#land(flight)
        })
      },
      bury: async () => await Promise.resolve(),
      whileHeld: async isExact => {
        await this.#park(relay, 'quiet', () => {
          // A lock of its session: one that lost that says nothing any more.
          relay.isQuiet = isExact && relay.hasLock
        })
        await this.#park(relay, 'held', () => {
          relay.isQuiet = false
        })
      },
      waiter: {
        wait: async () => {
          await this.#park(relay, 'wait', () => undefined)
          return 'poll'
        },
        close: () => undefined,
      },
      mayReadAhead: () => true,
      pageRows: () => this.#pageRows,
      now: () => this.#clock,
      observe: {read: () => {}, published: () => {}, caughtUp: () => {}, woken: () => {}},
    }
  }

  #land(flight: Flight): void {
    const at = this.#flights.indexOf(flight)
    if (at < 0) return
    this.#flights.splice(at, 1)
    this.log[flight.partition]!.push(...flight.records)
  }

  /** A part of any send arrives, whatever became of its sender, or never does. */
  async land(pick: number, lost: boolean): Promise<void> {
    const flight = this.#flights[pick % Math.max(1, this.#flights.length)]
    if (flight === undefined) return
    if (!lost) this.#land(flight)
    // A lost part is never acknowledged: its sender's wait ends with an error.
    else if (!this.#parked.some(p => p.what === 'send' && p.relay.isAlive)) {
      this.#flights.splice(this.#flights.indexOf(flight), 1)
    }
    await turn()
  }

  /** The next phase of something that a relay waits for: the server's work, then the answer. */
  async proceed(pick: number): Promise<boolean> {
    const alive = this.#parked.filter(
      ({relay, what}) => relay.isAlive && !(this.#heldFrom !== undefined && what === 'held'),
    )
    const parked = alive[pick % Math.max(1, alive.length)]
    if (parked === undefined) return false
    this.#clock += 1
    if (parked.effect !== undefined) {
      const {effect} = parked
      parked.effect = undefined
      try {
        parked.outcome = {value: effect()}
      } catch (error) {
        parked.outcome = {error}
      }
    } else {
      this.#remove(parked)
      const outcome = parked.outcome!
      if ('error' in outcome) parked.reject(outcome.error)
      else parked.resolve(outcome.value)
      await turn()
    }
    return true
  }

  /** The connection breaks: the relay learns nothing of what the server did or will do. */
  async breakOne(pick: number): Promise<void> {
    const alive = this.#parked.filter(p => p.relay.isAlive && p.what !== 'wait')
    const parked = alive[pick % Math.max(1, alive.length)]
    if (parked === undefined) return
    this.#remove(parked)
    parked.reject(away())
    await turn()
  }

  #remove(parked: Parked): void {
    this.#parked.splice(this.#parked.indexOf(parked), 1)
  }

  /** Somebody begins to hold publishing, or lets it go. */
  hold(isHeld: boolean): void {
    this.#heldFrom = isHeld ? (this.#heldFrom ?? this.#epochs()) : undefined
  }

  #epochs(): string {
    return JSON.stringify(Array.from(this.lanes, ([lane, {lanes, epoch}]) => [lane, lanes, epoch]))
  }

  /** Under a hold that all lanes know of, the cursors say exactly what readers apply of the log. */
  checkHold(): void {
    const ownerOf = (lane: number): Relay | undefined =>
      this.#relays.find(relay => relay.lane === lane && relay.hasLock)
    const isQuiet = (lane: number): boolean => ownerOf(lane)?.isQuiet === true
    if (this.#heldFrom !== this.#epochs() || ![...this.lanes.keys()].every(isQuiet)) return
    const published = new Set(this.log.flat().map(({id}) => id))
    for (const row of this.pg.visible()) {
      const lane = [...this.lanes].find(([own, {lanes}]) => (row.hash & (lanes - 1)) === own)!
      const {snapFrom, snapTo, lastId} = lane[1].cursor
      const xid = BigInt(row.xid)
      const isBehind =
        isVisibleIn(snapFrom, xid) ||
        (snapTo !== null && row.id <= lastId && isVisibleIn(snapTo, xid))
      if (isBehind === published.has(row.id)) continue
      this.inexact.push(`row ${row.id}: ${isBehind ? 'not in the log' : 'in the log already'}`)
    }
  }

  crash(pick: number): void {
    const alive = this.#relays.filter(relay => relay.isAlive)
    const relay = alive[pick % Math.max(1, alive.length)]
    if (relay === undefined) return
    relay.isAlive = false
    relay.hasLock = false
    relay.isQuiet = false
    this.#parked = this.#parked.filter(parked => parked.relay !== relay)
  }

  /** The server gives a lane's lock away; the relay goes on without knowing. */
  unlock(pick: number): void {
    const holding = this.#relays.filter(relay => relay.hasLock)
    const relay = holding[pick % Math.max(1, holding.length)]
    if (relay === undefined) return
    relay.hasLock = false
    relay.isQuiet = false
  }

  stop(pick: number): void {
    this.#relays[pick % Math.max(1, this.#relays.length)]?.stop.abort()
  }

  wait(ms: number): void {
    this.#clock += ms
  }

  setLanes(lanes: number): void {
    const old = [...this.lanes].map(([lane, row]) => ({lane, cursor: row.cursor}))
    if (old.length === lanes) return
    this.lanes.clear()
    for (const {lane, cursor} of remapLanes(old, lanes)) {
      this.#epoch += 1
      this.lanes.set(lane, {lanes, cursor, epoch: this.#epoch})
    }
    // Locks are by lane number: owners until now keep them until they meet the fence.
  }

  async #finishWaits(): Promise<void> {
    for (const {resolve} of this.#parked.splice(0)) resolve(undefined)
    await turn()
  }

  /** Ends all transactions and relays, and lets fresh relays publish what is left. */
  async drain(): Promise<void> {
    this.#heldFrom = undefined
    this.pg.finishAll()
    for (const relay of this.#relays) {
      relay.isAlive = false
      relay.hasLock = false
      relay.isQuiet = false
    }
    this.#relays = []
    this.#parked = []
    for (const lane of this.lanes.keys()) this.start(lane)
    // Twice in a row every relay waits and nothing was published in between: all is through.
    let published = -1
    for (let quiet = 0, steps = 0; quiet < 2; steps++) {
      if (steps > 20_000) throw new Error('the relays do not come to rest')
      const busy = this.#parked.findIndex(parked => parked.what !== 'wait')
      if (busy >= 0) {
        await this.proceed(busy)
        continue
      }
      const now = this.log.reduce((sum, partition) => sum + partition.length, 0)
      quiet = now === published ? quiet + 1 : 0
      published = now
      await this.#finishWaits()
    }
    while (this.#flights.length > 0) this.#land(this.#flights[0]!)
  }
}

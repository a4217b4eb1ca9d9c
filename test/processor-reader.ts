/**
 * A reader between two runs: while owners come, go and fail, it asks as the API does.
 *
 * Guarantees    what an answer says of one thing (a total, a bucket, a list, a raw row, a hash) was right at some
 *               offset: not before that of the marker that was read with it, if that run stands still when the
 *               answer is there (INV-37); nor, of what is read from Cassandra alone, before the position that stood
 *               there when it was asked (INV-43). What is marked as to be mended is compared in its exact numbers
 *               only.
 * Does not      expect that answers never go back: a successor's marker may be older than that of an owner before,
 *               and of two things each has an offset of its own. Marker and values are read one after the other:
 *               when a run ends in between, its marker promises nothing of what is read after.
 */
import {setTimeout as pause} from 'node:timers/promises'
import type {Redis} from '../platform/redis.ts'
import {byAge} from '../readmodel/event-reads.ts'
import type {Fields} from '../readmodel/fields.ts'
import {SECONDS_OF, startOf} from '../readmodel/levels.ts'
import {createLiveReads} from '../readmodel/live-reads.ts'
import {createPartReader, PartMissing} from '../readmodel/parts.ts'
import type {RollupPlan} from '../readmodel/plan.ts'
import {createPositions} from '../readmodel/positions.ts'
import {markerKey} from '../readmodel/redis-keys.ts'
import {keyOfTexts} from '../readmodel/rollup-table.ts'
import {toRecent} from '../readmodel/special/recent.ts'
import {createStreamReads, piecesOfTotal, type Piece} from '../readmodel/stream-reads.ts'
import {connectTo, type Call} from './fakes/cassandra.ts'
import {connectToRedis} from './fakes/redis.ts'
import {model, type ModelRow} from './model-stream.ts'
import {exactText, expectedOf, figuresOf, NOTHING_LIVE, plan} from './processor-compare.ts'
import {ENDS_READING, type ModelLog} from './processor-log.ts'
import {turn, type World} from './processor-world.ts'

/** Differences that are told. */
const TOLD_MAX = 5

export interface Reader {
  /** @returns answers that were not right at any offset they could be of */
  stop(): Promise<readonly string[]>
}

type Rows = readonly ModelRow[]

/** Where an answer stands in the log, and whether it is what the rows there say. */
interface Answer {
  readonly what: string
  readonly found: unknown
  readonly wantedOf: (rows: Rows) => unknown
  /** Something waits to be mended: only the rest can be relied on. */
  readonly isStale?: boolean
}

export function startReader(world: World, kafka: ModelLog): Reader {
  const {random} = world
  const {history} = kafka
  const states = history.rowsAt.map(rows => [...rows.values()])
  const stop = new AbortController()
  const differences: string[] = []
  const call: Call = async effect => {
    for (let turns = random(4); turns > 0; turns--) await turn()
    return effect()
  }
  const cassandra = connectTo(world.cassandra, call)
  const positions = createPositions(cassandra)
  let marker: NotedMarker = NO_MARKER
  const redis = noting(connectToRedis(world.redis, inOrder(call)), noted => (marker = noted))
  const nameOfMarker = markerKey(world.space, model.name, 0)
  const options = {space: world.space, stream: model.name, partitions: 1}
  const deps = {cassandra, parts: createPartReader(cassandra), partitions: 1}
  const readsOf = {
    redis: createStreamReads(plan, {...deps, live: createLiveReads(redis, options)}),
    cassandra: createStreamReads(plan, {...deps, live: NOTHING_LIVE}),
  }
  const isOver = (): boolean =>
    stop.signal.aborted || (kafka.upset !== null && ENDS_READING.has(kafka.upset))

  const check = (from: number, {what, found, wantedOf, isStale = false}: Answer): void => {
    if (isOver()) return
    const toText = isStale ? exactText : JSON.stringify
    const text = toText(found)
    // Of what was published since it was asked, too.
    for (let offset = kafka.end - 1; offset >= Math.max(-1, from); offset--) {
      if (toText(wantedOf(states[offset] ?? [])) === text) return
    }
    differences.push(`reader ${what}: ${text} was right at no offset from ${from} on`)
  }

  /** An answer of a store, and the offset that it must include at least. */
  const ask = async <T>(store: keyof typeof readsOf, read: () => Promise<T>) => {
    const position = store === 'cassandra' ? await positions.load('model', 0) : null
    marker = NO_MARKER
    const {restarts} = world.redis
    const answer = await read()
    if (store === 'cassandra') return {answer, from: (position?.offset ?? 0) - 1}
    const run = world.redis.send(['HGET', nameOfMarker, 'run']) as Buffer | null
    const stands = world.redis.restarts === restarts && run?.toString() === marker.run
    return {answer, from: world.evicts || !stands ? -1 : marker.offset}
  }

  const checkRollup = async (store: keyof typeof readsOf, rollup: RollupPlan): Promise<void> => {
    const reads = readsOf[store].rollup(rollup)
    const keyOf = (row: ModelRow): string => keyOfTexts(rollup.keyOf(row))
    const some = history.log[random(history.log.length)]!
    const key = keyOf(some)
    const {from, answer: views} = await ask(store, () => reads.entities([key]))
    const view = views.get(key)
    const own = (rows: Rows): Rows => rows.filter(row => keyOf(row) === key)
    const judge = (what: string, pieces: readonly Piece[], within: (rows: Rows) => Rows): void => {
      check(from, {
        what: `${store} ${rollup.id} ${key} ${what}`,
        found: figuresOf(rollup, pieces),
        wantedOf: rows => expectedOf(rollup, within(own(rows))),
        isStale: pieces.some(({bucket}) => bucket.isRetracted),
      })
    }
    judge('total', view === undefined ? [] : piecesOfTotal(view), rows => rows)
    const level = rollup.levels[random(rollup.levels.length)]
    if (level === undefined || view === undefined || some.at === null) return
    const start = startOf(level, Math.floor(some.at / 1e6))
    const range = {from: start, to: start + SECONDS_OF[level]}
    const pieces = (await reads.buckets(view, level, range)).flatMap(bucket => bucket.pieces)
    judge(`${level} ${start}`, pieces, rows =>
      rows.filter(({at}) => at !== null && startOf(level, Math.floor(at / 1e6)) === start),
    )
  }
  const checkRecent = async (store: keyof typeof readsOf): Promise<void> => {
    const key = `c${random(3)}`
    const {from, answer} = await ask(store, () => readsOf[store].recentOf(key))
    const recent = answer[0]?.recent
    const isExact = recent?.isStale !== true
    check(from, {
      what: `${store} recent ${key}`,
      found: [recent?.events ?? 0, isExact ? (recent?.list ?? []) : null],
      wantedOf(rows) {
        const own = rows.filter(({content}) => content === key)
        const list = own.flatMap(row => toRecent(plan, row) ?? []).toSorted(byAge)
        return [own.length, isExact ? list.slice(0, 20) : null]
      },
    })
  }

  const checkRaw = async (): Promise<void> => {
    const {id} = history.log[random(history.log.length)]!
    const {from, answer} = await ask('cassandra', () => readsOf.cassandra.raw.read([id], 0))
    const columns = (row: Fields | undefined) =>
      row && model.columns.map(({field}) => row[field] ?? null)
    check(from, {
      what: `raw row ${id}`,
      found: columns(answer[0]?.event) ?? null,
      wantedOf: rows => columns(rows.find(row => row.id === id)) ?? null,
    })
  }

  const read = async (): Promise<void> => {
    const store = random(3) === 0 ? 'cassandra' : 'redis'
    const roll = random(6)
    if (roll === 0) await checkRaw()
    else if (roll === 1) await checkRecent(store)
    else await checkRollup(store, plan.rollups[random(plan.rollups.length)]!)
  }
  const reading = (async () => {
    while (!isOver() && differences.length < TOLD_MAX) {
      await read().catch(ignoreReplaced)
      await (random(3) === 0 ? pause(1 + random(4)) : turn())
    }
  })()
  // Whoever stops it hears of it.
  reading.catch(() => undefined)
  return {
    async stop() {
      stop.abort()
      await reading
      return differences
    },
  }
}

/** A row that is replaced all the time, faster than it is read: the API says so, and is asked again. */
function ignoreReplaced(error: unknown): void {
  if (!(error instanceof PartMissing)) throw error
}

/** One connection: what is sent first is done first. */
function inOrder(call: Call): Call {
  let last: Promise<unknown> = Promise.resolve()
  return async effect => {
    const own = last.then(() => call(effect))
    last = own
    return await own
  }
}

/** The marker that was read last. */
interface NotedMarker {
  readonly run: string | undefined
  readonly offset: number
}
const NO_MARKER: NotedMarker = {run: undefined, offset: -1}

/** Questions begin with that for the marker. */
function noting(redis: Redis, note: (marker: NotedMarker) => void): Redis {
  return {
    ...redis,
    async pipelineBinary(commands) {
      const replies = await redis.pipelineBinary(commands)
      const [run, offset] = (replies[0] ?? []) as readonly (Buffer | null)[]
      if (run && offset) note({run: run.toString(), offset: Number(offset.toString())})
      return replies
    },
  }
}

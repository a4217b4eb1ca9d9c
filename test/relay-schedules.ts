/** Random schedules for the relay model, and what they must not lead to. */
import fc from 'fast-check'
import {checkTopics, type Verdict} from './relay-checker.ts'
import {readAsPostgres, readBelowHorizon, readByHighestId} from './relay-model-postgres.ts'
import {RelayWorld, type CursorKind} from './relay-model.ts'

export const SNAPSHOT_CURSOR: CursorKind = {
  read: readAsPostgres,
  takeover: pg => pg.snapshot(),
}
/** Naive: `id > last`. */
export const HIGHEST_ID: CursorKind = {
  read: readByHighestId,
  takeover: (_pg, cursor) => cursor.snapFrom,
}
/** Naive: `txid < xmin`. */
export const BELOW_HORIZON: CursorKind = {
  read: readBelowHorizon,
  takeover: (_pg, cursor) => cursor.snapFrom,
}

const WEIGHTS = {
  write: 24,
  draw: 2,
  savepoint: 4,
  commit: 12,
  rollback: 2,
  proceed: 40,
  start: 6,
  crash: 2,
  unlock: 2,
  break: 3,
  land: 4,
  lose: 1,
  stop: 1,
  lanes: 3,
  pass: 2,
  hold: 3,
  letGo: 3,
} as const
type Action = keyof typeof WEIGHTS

export interface Step {
  readonly action: Action
  readonly a: number
  readonly b: number
}

const step = fc.record({
  action: fc.oneof(
    ...Object.entries(WEIGHTS).map(([action, weight]) => ({
      weight,
      arbitrary: fc.constant(action as Action),
    })),
  ),
  a: fc.nat(11),
  b: fc.nat(11),
})

export const schedules = (maxLength: number) =>
  fc.record({
    pageRows: fc.integer({min: 1, max: 5}),
    steps: fc.array(step, {minLength: 10, maxLength, size: 'max'}),
  })

async function perform(world: RelayWorld, {action, a, b}: Step): Promise<void> {
  switch (action) {
    case 'write':
      return world.pg.write(a % 6, b)
    case 'draw':
      return world.pg.draw(a % 6)
    case 'savepoint':
      return world.pg.savepoint(a % 6)
    case 'commit':
      return world.pg.end(a % 6, true)
    case 'rollback':
      return world.pg.end(a % 6, false)
    case 'proceed':
      for (let i = 0; i <= b % 4; i++) await world.proceed(a + i)
      return
    case 'start':
      return world.start(a % world.lanes.size)
    case 'crash':
      return world.crash(a)
    case 'unlock':
      return world.unlock(a)
    case 'break':
      return await world.breakOne(a)
    case 'land':
      return await world.land(a, false)
    case 'lose':
      return await world.land(a, true)
    case 'stop':
      return world.stop(a)
    case 'lanes':
      return world.setLanes([1, 2, 4][a % 3]!)
    case 'pass':
      return world.wait(b * 3)
    case 'hold':
      return world.hold(true)
    case 'letGo':
      return world.hold(false)
    default:
      return action satisfies never
  }
}

/** Plays a schedule to its end and judges the topics. */
export async function play(
  kind: CursorKind,
  {pageRows, steps}: {readonly pageRows: number; readonly steps: readonly Step[]},
): Promise<Verdict[]> {
  const world = new RelayWorld(kind, pageRows)
  for (const one of steps) {
    await perform(world, one)
    world.checkHold()
  }
  await world.drain()
  const committed = new Set(world.pg.visible().map(row => String(row.id)))
  const partitions = world.log.map(log =>
    log.map(({id, key, version, lanes, lane, epoch, redelivered}) => ({
      id: String(id),
      entity: version === 0 ? null : String(key),
      version,
      lanes,
      lane,
      epoch,
      redelivered,
    })),
  )
  const inexact = world.inexact.map(detail => ({violation: 'inexact hold', detail}) as const)
  return [...inexact, ...checkTopics(partitions, committed)]
}

/** Devices that measure in turn; now and then one of their sensors fails for a while, and it is noted when and how. */
import {momentOf, type Source} from './changes.ts'
import {createOccasions, NEVER, type Ledger, type Planting} from './planted.ts'
import {anyOf, between, createRandom, seedOf, wholeBetween, type Random} from './random.ts'
import {makeSensors, within, type Sensor} from './sensors.ts'

export interface ReadingsOptions {
  readonly seed: number
  readonly startMs: number
  readonly devices: number
  /** Without failures. */
  readonly isCalm: boolean
}

const FAILURES = ['spike', 'stuck', 'shift', 'drop-out'] as const

type FailureKind = (typeof FAILURES)[number]

/** Readings of one sensor that a failure takes. */
const LASTS: Readonly<Record<FailureKind, readonly [number, number]>> = {
  spike: [1, 2],
  stuck: [12, 30],
  shift: [20, 40],
  'drop-out': [8, 20],
}
/** In deviations of the noise of that sensor. */
const SPIKE = [8, 16] as const
const SHIFT = [6, 12] as const
/** Readings of each sensor before anything fails: whoever looks has seen what is usual. */
const USUAL_FIRST = 15
/** Readings of all sensors from one failure to the next. */
const EVERY = 400

interface Failure {
  readonly kind: FailureKind
  readonly planting: Planting
  /** What is added to the value, of a spike or shift. */
  readonly by: number
  /** What it says all the time, of a stuck one. */
  readonly value: number
  left: number
}

export function createReadings(ledger: Ledger, options: ReadingsOptions): Source {
  const {seed, devices, startMs} = options
  const sensors = makeSensors(seed, devices, startMs)
  const chance = createRandom(seedOf(seed, 'failures'))
  const first = sensors.length * USUAL_FIRST
  const occasions = options.isCalm ? NEVER : createOccasions(chance, {first, every: EVERY})
  const failures = new Map<Sensor, Failure>()
  const last = new Map<Sensor, number>()
  let turn = 0

  const failureOf = (sensor: Sensor, healthy: number, atMs: number): Failure | undefined => {
    const underWay = failures.get(sensor)
    if (underWay !== undefined || !occasions.isNow()) return underWay
    const kind = anyOf(chance, FAILURES)
    const where = `${sensor.device} ${sensor.name}`
    const failure = {
      kind,
      planting: ledger.begin({stream: 'readings', what: kind, where}, atMs),
      by: deviationOf(sensor, healthy, between(chance, kind === 'spike' ? SPIKE : SHIFT), chance),
      value: last.get(sensor) ?? healthy,
      left: wholeBetween(chance, LASTS[kind]),
    }
    failures.set(sensor, failure)
    return failure
  }
  return {
    next(atMs) {
      const sensor = sensors[turn]!
      turn = (turn + 1) % sensors.length
      // Measured in any case, so that what comes after a failure is as it would have been without.
      const healthy = sensor.measure(atMs)
      const failure = failureOf(sensor, healthy, atMs)
      const value = failure === undefined ? healthy : spoiled(failure, healthy, sensor)
      if (failure !== undefined) {
        failure.planting.row(atMs)
        failure.left -= 1
        if (failure.left === 0) {
          failure.planting.end()
          failures.delete(sensor)
        }
      }
      if (value === null) return []
      last.set(sensor, value)
      const {device, name, unit} = sensor
      const row = {device, sensor: name, value, unit, measured_at: momentOf(atMs)}
      return [{stream: 'readings', op: 'insert', row}]
    },
  }
}

/** To either side, but not beyond what the sensor can say. */
function deviationOf(
  {noise, bounds}: Sensor,
  healthy: number,
  times: number,
  chance: Random,
): number {
  const by = times * noise
  const [least, most] = bounds
  if (healthy - by < least) return by
  if (healthy + by > most) return -by
  return chance() < 0.5 ? by : -by
}

/** What is sent instead of the healthy value; null: nothing. */
function spoiled({kind, by, value}: Failure, healthy: number, {bounds}: Sensor): number | null {
  if (kind === 'drop-out') return null
  return kind === 'stuck' ? value : within(healthy + by, bounds)
}

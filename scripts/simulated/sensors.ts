/** What a healthy device measures: a level that follows the day and drifts, and noise around it. */
import {between, createRandom, normal, roundTo, seedOf, type Random} from './random.ts'

const SENSORS = [
  {
    name: 'temperature',
    unit: '°C',
    base: [18, 27],
    cycle: [2, 5],
    peakHour: 15,
    noise: [0.1, 0.25],
    driftPerDay: [-0.15, 0.15],
    bounds: [-40, 120],
  },
  {
    name: 'humidity',
    unit: '%',
    base: [35, 60],
    cycle: [3, 8],
    peakHour: 5,
    noise: [0.4, 0.9],
    driftPerDay: [-0.3, 0.3],
    bounds: [0, 100],
  },
  {
    name: 'vibration',
    unit: 'mm/s',
    base: [1.5, 3.5],
    cycle: [0.2, 0.6],
    peakHour: 13,
    noise: [0.06, 0.15],
    // Bearings wear.
    driftPerDay: [0, 0.05],
    bounds: [0, 50],
  },
  {
    name: 'battery',
    unit: '%',
    base: [30, 95],
    cycle: [0, 0],
    peakHour: 0,
    noise: [0.1, 0.2],
    driftPerDay: [-6, -2],
    bounds: [0, 100],
  },
] as const

export const SENSORS_OF_A_DEVICE = SENSORS.length
/** A battery that is so low is loaded, up to so much. */
const BATTERY = {empty: 15, full: 95} as const
/** How much of its noise a reading has from the one before. */
const MEMORY = 0.5
const DAY_MS = 86_400_000

/** One sensor of one device. */
export interface Sensor {
  readonly device: string
  readonly name: string
  readonly unit: string
  /** Deviation of its readings from the level. */
  readonly noise: number
  readonly bounds: readonly [least: number, most: number]
  /** What it would measure without noise. */
  levelAt(atMs: number): number
  /** The next reading of a healthy sensor. */
  measure(atMs: number): number
}

const DIGITS = 3

/** All sensors of all devices: first one of each device, then the next, so that a device is heard all the time. */
export function makeSensors(seed: number, devices: number, startMs: number): readonly Sensor[] {
  return SENSORS.flatMap(spec =>
    Array.from({length: devices}, (_, index) => {
      const device = `device-${String(index + 1).padStart(3, '0')}`
      return createSensor({spec, device, startMs}, createRandom(seedOf(seed, device, spec.name)))
    }),
  )
}

interface SensorOptions {
  readonly spec: (typeof SENSORS)[number]
  readonly device: string
  readonly startMs: number
}

function createSensor({spec, device, startMs}: SensorOptions, random: Random): Sensor {
  const base = between(random, spec.base)
  const cycle = between(random, spec.cycle)
  const noise = between(random, spec.noise)
  const driftPerDay = between(random, spec.driftPerDay)
  let before = 0
  const levelAt = (atMs: number): number => {
    const ofDay = Math.cos(2 * Math.PI * ((atMs % DAY_MS) / DAY_MS - spec.peakHour / 24))
    const level = base + cycle * ofDay + (driftPerDay * (atMs - startMs)) / DAY_MS
    return spec.name === 'battery' ? loaded(level) : level
  }
  return {
    device,
    name: spec.name,
    unit: spec.unit,
    noise,
    bounds: spec.bounds,
    levelAt,
    measure(atMs) {
      before = MEMORY * before + Math.sqrt(1 - MEMORY ** 2) * noise * normal(random)
      return within(levelAt(atMs) + before, spec.bounds)
    },
  }
}

/** Falls to empty, is full again, and so on. */
function loaded(level: number): number {
  const span = BATTERY.full - BATTERY.empty
  return BATTERY.empty + ((((level - BATTERY.empty) % span) + span) % span)
}

/** As a device would send it. */
export const within = (value: number, [least, most]: Sensor['bounds']): number =>
  roundTo(Math.min(most, Math.max(least, value)), DIGITS)

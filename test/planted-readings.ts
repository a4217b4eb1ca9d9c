/** Readings of many sensors with anomalies in known places: nothing of it is what the simulator makes. Pure. */

export type Planted = 'none' | 'spike' | 'stuck'

export interface PlantedReading {
  readonly series: number
  readonly value: number
  readonly planted: Planted
  /** Of a sensor that is stuck: which time, and the how manieth reading of it. */
  readonly episode?: number
  readonly nth?: number
}

export interface PlantedOptions {
  readonly seed: number
  readonly series: number
  readonly readingsEach: number
  readonly spikes: number
  readonly stuckEpisodes: number
  readonly stuckReadings: number
}

type Random = () => number

/** Mulberry32. */
function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Of a standard normal distribution. */
const normalOf = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

interface Sensor {
  /** What it would show without noise. */
  readonly at: (i: number) => number
  readonly noise: () => number
  /** By how much noise varies, as spikes are planted by it. */
  readonly deviation: number
  readonly digits: number
}

const KINDS = 5

/** Five kinds of sensors, each its own way; every third of them drifts, which is no anomaly. */
function sensorOf(n: number, random: Random): Sensor {
  const drift = n % 3 === 0 ? (random() - 0.5) * 0.2 : 0
  const phase = random() * 2 * Math.PI
  const noise = () => normalOf(random)
  switch (n % KINDS) {
    case 0:
      // A temperature over the day, to a tenth.
      return {
        at: i => 20 + 5 * Math.sin(phase + (2 * Math.PI * i) / 1440) + drift * 0.3 * i,
        noise: () => 0.3 * noise(),
        deviation: 0.3,
        digits: 1,
      }
    case 1: {
      // A pressure that wanders.
      let wander = 0
      return {
        at: i => {
          wander = 0.98 * wander + 0.1 * noise()
          return 1013 + wander + drift * 0.5 * i
        },
        noise: () => 0.5 * noise(),
        deviation: 0.6,
        digits: 2,
      }
    }
    case 2:
      // A power with a heavier tail.
      return {
        at: i => 500 + drift * 10 * i,
        noise: () => 8 * noise() + (random() < 0.1 ? 8 * noise() : 0),
        deviation: 9,
        digits: 1,
      }
    case 3:
      // A humidity in whole percent.
      return {
        at: i => 55 + 6 * Math.sin(phase + (2 * Math.PI * i) / 700) + drift * 0.3 * i,
        noise: () => 1.2 * noise(),
        deviation: 1.3,
        digits: 0,
      }
    default:
      // A voltage with all its digits.
      return {at: i => 230 + drift * i, noise: () => 1.5 * noise(), deviation: 1.5, digits: 6}
  }
}

/** Where nothing is learned yet, nothing is planted. */
const FIRST = 60

/** Readings of all series by turns, as they would arrive. */
export function plantReadings(options: PlantedOptions): readonly PlantedReading[] {
  const {seed, series, readingsEach, spikes, stuckEpisodes, stuckReadings} = options
  const random = randomOf(seed)
  const whole = (max: number): number => Math.floor(random() * max)
  const marks = Array.from(
    {length: series},
    () => new Map<number, Omit<PlantedReading, 'series' | 'value'>>(),
  )
  for (let episode = 0; episode < stuckEpisodes;) {
    const mark = marks[whole(series)]!
    const from = FIRST + whole(readingsEach - FIRST - stuckReadings)
    const places = Array.from({length: stuckReadings}, (_, nth) => from + nth)
    if (places.some(place => mark.has(place) || mark.has(place - 1) || mark.has(place + 1)))
      continue
    for (const [nth, place] of places.entries()) mark.set(place, {planted: 'stuck', episode, nth})
    episode += 1
  }
  for (let spike = 0; spike < spikes;) {
    const mark = marks[whole(series)]!
    const place = FIRST + whole(readingsEach - FIRST)
    if ([place - 1, place, place + 1].some(one => mark.has(one))) continue
    mark.set(place, {planted: 'spike'})
    spike += 1
  }
  const sensors = Array.from({length: series}, (_, n) => sensorOf(n, random))
  const last: number[] = []
  const readings: PlantedReading[] = []
  for (let i = 0; i < readingsEach; i++) {
    for (const [n, {at, noise, deviation, digits}] of sensors.entries()) {
      const found = marks[n]!.get(i) ?? {planted: 'none' as const}
      const usual = at(i) + noise()
      const away = (random() < 0.5 ? -1 : 1) * (12 + 28 * random()) * deviation
      const shown = found.planted === 'spike' ? usual + away : usual
      const isHeld = found.planted === 'stuck' && (found.nth ?? 0) > 0
      const value = isHeld ? last[n]! : Number(shown.toFixed(digits))
      last[n] = value
      readings.push({series: n, value, ...found})
    }
  }
  return readings
}

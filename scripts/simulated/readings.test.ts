import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import type {ReadingRow} from './changes.ts'
import {createLedger, type Planted} from './planted.ts'
import {createReadings} from './readings.ts'
import {makeSensors} from './sensors.ts'

const START_MS = Date.UTC(2026, 0, 1)
const DEVICES = 6

interface Taken {
  /** By when each was measured; of a moment without reading, none. */
  readonly rows: ReadonlyMap<string, ReadingRow>
  readonly planted: readonly Planted[]
}

/** One turn a second. */
function take(seed: number, count: number, isCalm: boolean): Taken {
  const ledger = createLedger()
  const source = createReadings(ledger, {seed, startMs: START_MS, devices: DEVICES, isCalm})
  const rows = new Map<string, ReadingRow>()
  for (let turn = 0; turn < count; turn++) {
    for (const change of source.next(START_MS + turn * 1000)) {
      if (change.stream === 'readings') rows.set(change.row.measured_at, change.row)
    }
  }
  return {rows, planted: ledger.planted()}
}

const isWithin = ({from, until, where}: Planted, {device, sensor, measured_at}: ReadingRow) =>
  where === `${device} ${sensor}` && measured_at >= from && (until === null || measured_at <= until)

test('INV-147: a failure is told with sensor and time, and without it every reading is as it was', () => {
  fc.assert(
    fc.property(fc.nat(), seed => {
      const [failing, healthy] = [take(seed, 4000, false), take(seed, 4000, true)]
      const changed = [...healthy.rows.values()].filter(
        row => failing.rows.get(row.measured_at)?.value !== row.value,
      )
      expect(healthy.rows.size).toBe(4000)
      for (const row of changed) {
        expect(failing.planted.filter(one => isWithin(one, row))).toHaveLength(1)
      }
      const told = failing.planted.reduce((sum, {rows}) => sum + rows, 0)
      expect(told).toBeGreaterThan(0)
      // What it says is what it did, but for a stuck sensor whose value was right by chance.
      expect(changed.length).toBeLessThanOrEqual(told)
      expect(changed.length).toBeGreaterThan(told * 0.9)
    }),
    {numRuns: 20},
  )
})

const SEED = 11
const {rows, planted} = take(SEED, 60_000, false)
const sensors = new Map(
  makeSensors(SEED, DEVICES, START_MS).map(sensor => [`${sensor.device} ${sensor.name}`, sensor]),
)
const over = planted.filter(({until}) => until !== null)
const during = (one: Planted): readonly ReadingRow[] =>
  [...rows.values()].filter(row => isWithin(one, row))

/** How far from its level a reading is, in deviations of the noise. */
function oddness({device, sensor: name, value, measured_at}: ReadingRow): number {
  const sensor = sensors.get(`${device} ${name}`)!
  return (value - sensor.levelAt(Date.parse(measured_at))) / sensor.noise
}

test('a healthy sensor stays about its level, and follows the day', () => {
  const odd = [...rows.values()].filter(
    row => !planted.some(one => isWithin(one, row)) && Math.abs(oddness(row)) > 5,
  )
  expect(odd).toEqual([])
  const temperature = sensors.get('device-001 temperature')!
  const [night, day] = [3, 15].map(hour => temperature.levelAt(START_MS + hour * 3_600_000))
  expect(day! - night!).toBeGreaterThan(3)
})

test('every kind of failure comes, first after what is usual was seen', () => {
  expect(new Set(over.map(({what}) => what))).toEqual(
    new Set(['spike', 'stuck', 'shift', 'drop-out']),
  )
  const usual = new Date(START_MS + sensors.size * 15 * 1000).toISOString()
  expect(planted.filter(({from}) => from < usual)).toEqual([])
  const share = planted.reduce((sum, {rows: count}) => sum + count, 0) / 60_000
  expect(share).toBeGreaterThan(0.01)
  expect(share).toBeLessThan(0.08)
})

test('a spike stands out; a shift does as long as it lasts, to one side', () => {
  for (const one of over.filter(({what}) => what === 'spike' || what === 'shift')) {
    const odds = during(one).map(oddness)
    expect(odds).toHaveLength(one.rows)
    expect(new Set(odds.map(Math.sign)).size).toBe(1)
    expect(Math.min(...odds.map(Math.abs))).toBeGreaterThan(2)
  }
})

test('a stuck sensor says the same, a drop-out nothing', () => {
  for (const one of over) {
    if (one.what === 'stuck') expect(new Set(during(one).map(({value}) => value)).size).toBe(1)
    if (one.what === 'drop-out') expect(during(one)).toEqual([])
  }
})

test('a battery empties, and is loaded before it is empty', () => {
  const battery = sensors.get('device-001 battery')!
  const levels = Array.from({length: 100}, (_, day) => battery.levelAt(START_MS + day * 86_400_000))
  expect(Math.min(...levels)).toBeGreaterThanOrEqual(15)
  expect(Math.max(...levels)).toBeLessThanOrEqual(95)
  const falls = levels.slice(1).filter((level, day) => level < levels[day]!).length
  expect(falls).toBeGreaterThan(85)
})

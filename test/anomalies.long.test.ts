/** How many planted anomalies are found, and how much else: 1 % of 100,000 readings. Stored in test/results. */
import {mkdirSync, writeFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {createDetector} from '../worker/alerts/detector.ts'
import {plantReadings, type PlantedReading} from './planted-readings.ts'

const RESULT = 'test/results/anomalies.json'
const OPTIONS = {
  series: 100,
  readingsEach: 1000,
  spikes: 600,
  stuckEpisodes: 20,
  stuckReadings: 20,
}
const SEEDS = [1, 2, 3]

interface Judged extends PlantedReading {
  readonly isOdd: boolean
}

function judgeAll(readings: readonly PlantedReading[]): readonly Judged[] {
  const detectors = Array.from({length: OPTIONS.series}, () => createDetector())
  return readings.map(reading => {
    const {verdict} = detectors[reading.series]!.judge(reading.value)
    return {...reading, isOdd: verdict !== 'usual' && verdict !== 'learning'}
  })
}

function figuresOf(seed: number) {
  const readings = plantReadings({seed, ...OPTIONS})
  const startedAt = performance.now()
  const judged = judgeAll(readings)
  const tookMs = performance.now() - startedAt
  const planted = judged.filter(one => one.planted !== 'none')
  const odd = judged.filter(one => one.isOdd)
  const right = odd.filter(one => one.planted !== 'none')
  const spikes = planted.filter(one => one.planted === 'spike')
  const stuck = planted.filter(one => one.planted === 'stuck')
  const episodes = Map.groupBy(stuck, one => one.episode)
  const found = [...episodes.values()].flatMap(some => some.find(one => one.isOdd)?.nth ?? [])
  const share = (part: number, whole: number): number => Number((part / whole).toFixed(4))
  return {
    seed,
    readings: readings.length,
    planted: planted.length,
    flagged: odd.length,
    precision: share(right.length, odd.length),
    recall: share(right.length, planted.length),
    spike_recall: share(spikes.filter(one => one.isOdd).length, spikes.length),
    stuck_episodes_found: share(found.length, episodes.size),
    stuck_found_after_readings_median: found.toSorted((a, b) => a - b)[found.length >> 1]! + 1,
    stuck_reading_recall: share(stuck.filter(one => one.isOdd).length, stuck.length),
    microseconds_a_reading: Math.round((tookMs * 1000) / readings.length),
  }
}

test('planted spikes and stuck sensors are found among drift, noise and rounding, and little else', () => {
  const figures = SEEDS.map(figuresOf)
  mkdirSync('test/results', {recursive: true})
  const result = {at: new Date().toISOString(), ...OPTIONS, runs: figures}
  writeFileSync(RESULT, `${JSON.stringify(result, null, 2)}\n`)
  for (const one of figures) {
    expect(one.planted).toBe(one.readings / 100)
    expect(one.precision).toBeGreaterThan(0.97)
    expect(one.spike_recall).toBeGreaterThan(0.98)
    expect(one.stuck_episodes_found).toBeGreaterThan(0.7)
  }
}, 120_000)

/**
 * A process of its own that runs histories of the model until one goes wrong. Thousands in one process keep each
 * other from being forgotten, and bugs are planted into some (plant.ts).
 */
import {runModel, type RunOptions} from './processor-model.ts'

/** Histories at the same time: much of one is waiting for timers. */
const LANES = 4

export interface ModelJob extends Omit<RunOptions, 'seed'> {
  readonly from: number
  readonly to: number
  /** What is looked for among the differences. */
  readonly symptom: string
}

export interface ModelJobDone {
  readonly found: {
    readonly seed: number
    readonly difference: string
    /** How many there are. */
    readonly differences: number
    readonly upset: string | null
    readonly owners: number
  } | null
  /** Histories whose partition stands still in the end. */
  readonly standing: number
}

const {from, to, symptom, ...options} = JSON.parse(process.argv[2]!) as ModelJob
const wanted = new RegExp(symptom)
let next = from
let standing = 0
let found: ModelJobDone['found'] = null

const lane = async (): Promise<void> => {
  while (next <= to && found === null) {
    const seed = next++
    const {differences, stood, upset, owners} = await runModel({...options, seed})
    const difference = differences.find(text => wanted.test(text))
    if (difference !== undefined) {
      const first = difference.slice(0, 1000)
      found ??= {seed, difference: first, differences: differences.length, upset, owners}
    }
    if (stood !== null) standing += 1
  }
}
await Promise.all(Array.from({length: LANES}, lane))
process.stdout.write(JSON.stringify({found, standing} satisfies ModelJobDone))
// Owners that a bug has left hanging.
process.exit(0)

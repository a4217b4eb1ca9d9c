/** A process of its own that runs the model until a history goes wrong: a bug is planted into it (plant.ts). */
import {runModel, type RunOptions} from './processor-model.ts'

/** Histories that run at a time. */
const LANES = 4

interface Job extends Omit<RunOptions, 'seed'> {
  readonly seeds: number
  /** What is looked for among the differences. */
  readonly symptom: string
}

const {seeds, symptom, ...options} = JSON.parse(process.argv[2]!) as Job
const wanted = new RegExp(symptom)
let next = 1
let found: {readonly seed: number; readonly difference: string} | null = null

const lane = async (): Promise<void> => {
  while (next <= seeds && found === null) {
    const seed = next++
    const {differences} = await runModel({...options, seed})
    const difference = differences.find(text => wanted.test(text))
    if (difference !== undefined) found ??= {seed, difference: difference.slice(0, 300)}
  }
}
await Promise.all(Array.from({length: LANES}, lane))
process.stdout.write(JSON.stringify({found, tried: next - 1}))
// Owners that a bug has left hanging.
process.exit(0)

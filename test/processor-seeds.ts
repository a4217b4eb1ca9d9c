/** Histories of the processor's model, several at a time. */
import {runModel, type RunOptions} from './processor-model.ts'

/** Histories at the same time: much of one is waiting for timers. */
const LANES = 4

/** Runs seeds until one is what is looked for. @returns that one */
export async function findSeed(
  {seeds, ...options}: Omit<RunOptions, 'seed'> & {readonly seeds: number},
  isFound: (differences: readonly string[]) => boolean,
): Promise<{seed: number; differences: readonly string[]} | undefined> {
  let found: {seed: number; differences: readonly string[]} | undefined
  let next = 1
  const lane = async (): Promise<void> => {
    while (found === undefined && next <= seeds) {
      const seed = next++
      const {differences} = await runModel({...options, seed})
      if (isFound(differences)) found ??= {seed, differences}
    }
  }
  await Promise.all(Array.from({length: LANES}, lane))
  return found
}

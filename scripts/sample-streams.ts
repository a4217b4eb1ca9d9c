/** Whether the sample can be written: it is rows of our own declarations. Pure. */
import type {Stream} from '../contracts/stream.ts'
import {isSample} from '../db/sample-tables.ts'

const SAMPLE = ['content', 'engagement', 'activity']

/** Why not, in a sentence; undefined: it can. */
export function lackOfSample(streams: readonly Stream[]): string | undefined {
  const ours = new Set(streams.filter(isSample).map(({name}) => name))
  if (SAMPLE.every(name => ours.has(name))) return undefined
  const declared = streams.map(({name, table}) => `${name} (${table})`).join(', ')
  return `the sample is rows of ${SAMPLE.join(', ')} as this project declares them, and the folder of streams declares ${declared}: write rows of your own, by SQL`
}

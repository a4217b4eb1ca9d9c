/** What a rebuild has to do, from what there is. Pure. */
import {nameOfGeneration} from '../../contracts/generations.ts'
import type {Stream} from '../../contracts/stream.ts'
import {
  generationsOf,
  servedOf,
  type Generation,
  type Keyspace,
} from '../../readmodel/generations.ts'
import {UsageError} from '../command.ts'
import {findStream} from '../find-stream.ts'

export type RebuildPlan =
  /** A newer generation serves, the older ones are still there. */
  | {readonly kind: 'finish'; readonly old: readonly Generation[]}
  /** One was begun and is not whole. */
  | {
      readonly kind: 'resume'
      readonly keyspace: string
      readonly number: number
      readonly streams: readonly Stream[]
    }
  | {
      readonly kind: 'begin'
      readonly keyspace: string
      readonly number: number
      readonly streams: readonly Stream[]
      /** Nothing in them is of use. */
      readonly dropFirst: readonly string[]
    }

/** Generations that a newer complete one has taken the place of. */
export const replacedOf = (generations: readonly Generation[]): readonly Generation[] =>
  generations.filter(one => {
    const served = servedOf(generations, one.stream)
    return served !== null && served.state === 'complete' && one.number < served.number
  })

/**
 * A stream that others show (a reference) goes with all of them or not at all: by itself its rows are read again
 * in place (`npm run backfill`).
 *
 * @param name of one stream; undefined: all
 * @throws a sentence that says what to do instead
 */
function choose(streams: readonly Stream[], name: string | undefined): readonly Stream[] {
  if (name === undefined) return streams
  const stream = findStream(streams, name)
  if (stream.isReference) {
    throw new UsageError(
      `nothing is counted of ${name}: npm run backfill -- ${name} reads its rows again, npm run rebuild builds everything`,
    )
  }
  return [stream]
}

/** @throws a sentence when another rebuild has to be finished first */
export function planRebuild(
  keyspaces: readonly Keyspace[],
  streams: readonly Stream[],
  {base, name}: {readonly base: string; readonly name: string | undefined},
): RebuildPlan {
  const chosen = choose(streams, name)
  const generations = generationsOf(keyspaces)
  const filling = generations.filter(({state}) => state === 'filling')
  const [unfinished] = filling
  if (unfinished !== undefined) {
    const names = filling.map(({stream}) => stream)
    const missing = names.filter(one => !streams.some(stream => stream.name === one))
    if (missing.length > 0) {
      throw new UsageError(
        `a rebuild of ${missing.join(', ')} is unfinished, which is not declared any more: --abandon drops it`,
      )
    }
    if (name !== undefined && !(names.length === 1 && names[0] === name)) {
      throw new UsageError(
        `a rebuild of ${names.join(', ')} is unfinished: npm run rebuild finishes it, --abandon drops it`,
      )
    }
    const {keyspace, number} = unfinished
    return {
      kind: 'resume',
      keyspace,
      number,
      streams: streams.filter(one => names.includes(one.name)),
    }
  }
  const old = replacedOf(generations)
  if (old.length > 0) return {kind: 'finish', old}
  const isUseless = ({catalog}: Keyspace): boolean =>
    Object.entries(catalog?.streams ?? {}).every(
      ([stream, {state}]) => state === 'incomplete' && chosen.some(one => one.name === stream),
    )
  const dropFirst = keyspaces.filter(isUseless).map(one => one.name)
  const left = keyspaces.map(one => one.name).filter(one => !dropFirst.includes(one))
  const number = 1 + Math.max(0, ...keyspaces.map(({catalog}) => catalog?.number ?? 0))
  const keyspace = left.includes(base) ? nameOfGeneration(base, number) : base
  return {kind: 'begin', keyspace, number, streams: chosen, dropFirst}
}

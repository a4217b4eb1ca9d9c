/** Whether the numbers of each stream are whole, from the generation that serves it. */
import type {Stream} from '../../contracts/stream.ts'
import {lackOf, servedOf, type Generation} from '../../readmodel/generations.ts'
import type {ReadModelState} from './facts.ts'

/** States of the read model, one for each stream. @throws when they cannot be known */
export type ReadModels = () => Promise<readonly ReadModelState[]>

export function createReadModels(
  read: () => Promise<readonly Generation[]>,
  streams: readonly Stream[],
): ReadModels {
  return async () => {
    const generations = await read()
    return streams.map(stream => {
      const lack = lackOf(servedOf(generations, stream.name), stream)
      return {stream: stream.name, state: lack?.kind ?? 'complete', detail: lack?.what ?? ''}
    })
  }
}

/** Finds the stream that a command was given. Pure. */
import type {Stream} from '../contracts/stream.ts'
import {UsageError} from './command.ts'

/** @throws UsageError with the names there are */
export function findStream(streams: readonly Stream[], name: string): Stream {
  const found = streams.find(stream => stream.name === name)
  if (found !== undefined) return found
  const names = streams.map(one => one.name).join(', ')
  throw new UsageError(`there is no stream ${name}; there are ${names}`)
}

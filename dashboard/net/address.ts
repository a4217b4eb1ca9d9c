/** Addresses of questions to the API. Each carries the type of its answer: that of the OpenAPI document. */
import {addressOf, type AnswerOf, type Operation} from '../../client/client.ts'
import type {Operations} from '../../client/schema.ts'

declare const answer: unique symbol

/** A path whose answer is a `T`; the mark exists for the type check alone. */
export type Address<T> = string & {readonly [answer]: T}

type Nothing = Readonly<Record<string, never>>
/** What the page does not know is left out: a field that is empty, a filter that is not set. */
type Loose<T> = {
  readonly [K in keyof T]: Record<string, never> extends Pick<T, K> ? T[K] | undefined : T[K]
}
interface OptionsOf<O extends Operation> {
  readonly path: Operations[O]['path']
  readonly query: Loose<Operations[O]['query']>
}
/** Parts that an operation has none of, or needs none of, may be left out. */
type Given<O extends Operation> = Operations[O]['path'] extends Nothing
  ? [options?: Partial<OptionsOf<O>>]
  : [options: Pick<OptionsOf<O>, 'path'> & Partial<OptionsOf<O>>]

/** The address of an operation: `addressFor('GET /v1/content/{id}', {path: {id}})`. */
export function addressFor<O extends Operation>(
  operation: O,
  ...[options]: Given<O>
): Address<AnswerOf<O>> {
  const {path, query = {}} = (options ?? {}) as {
    readonly path?: Parameters<typeof addressOf>[1]
    readonly query?: Readonly<Record<string, string | number | undefined>>
  }
  const known = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))
  const address = addressOf(operation.slice(operation.indexOf(' ') + 1), path, known)
  return address as Address<AnswerOf<O>>
}

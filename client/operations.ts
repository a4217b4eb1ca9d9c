/** What each operation takes and gives, derived from the OpenAPI document (`schema.ts`). Types only. */
import type {Operations} from './schema.ts'

export type Operation = keyof Operations
export type AnswerOf<O extends Operation> = Operations[O]['answer']

type Part<Name extends string, T> = T extends undefined
  ? {readonly [K in Name]?: never}
  : Record<string, never> extends T
    ? {readonly [K in Name]?: T}
    : {readonly [K in Name]: T}

interface Always {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export type CallOptions<O extends Operation> = Part<'path', Operations[O]['path']> &
  Part<'query', Operations[O]['query']> &
  Part<'body', Operations[O]['body']> &
  Always

/** Options may be left out where nothing is needed. */
export type Given<T> = Record<string, never> extends T ? [options?: T] : [options: T]

/** Names that are spelled out: a record without any takes every name. */
type NamesOf<T> = string extends keyof T ? never : keyof T
type TakenBy<Name extends string> = {
  [O in Operation]: Name extends NamesOf<Operations[O]['query']> ? O : never
}[Operation]

/** Asked for without an event that has to be in the answer. */
export type PlainOptions<O extends Operation> = CallOptions<O> & {
  readonly query?: {readonly after_event?: never}
}

/** Operations whose answers have the figures that `metrics` names, or all. */
export type ChoosingOperation = TakenBy<'metrics'>

export type ChosenOptions<O extends ChoosingOperation> = PlainOptions<O> & {
  readonly query: {readonly metrics: readonly string[]}
}

/** An answer in which figures are missing that were not chosen. */
export type ChosenOf<T> = T extends readonly (infer Item)[]
  ? readonly ChosenOf<Item>[]
  : T extends object
    ? {readonly [K in keyof T]: K extends 'metrics' ? Partial<T[K]> : ChosenOf<T[K]>}
    : T

/** Operations that answer with an event of the caller's in the numbers, or say that it is not yet. */
export type AwaitingOperation = TakenBy<'after_event'>

interface Patience {
  /** How long to go on asking, in milliseconds. */
  readonly withinMs?: number
}

export type WaitOptions<O extends AwaitingOperation> = CallOptions<O> & {
  readonly query: {readonly after_event: string}
} & Patience

/** Lists that come in pages. */
export type PagedOperation = TakenBy<'cursor'>
export type ItemOf<O extends PagedOperation> =
  AnswerOf<O> extends {readonly items: readonly (infer Item)[]} ? Item : never
export type PagesOptions<O extends PagedOperation> = CallOptions<O> & Patience

/** What a stream sends, as the document tells it. */
type ToldBy<O extends Operation> = Operations[O] extends {readonly messages: infer Messages}
  ? Messages
  : never

export type StreamOperation = {
  [O in Operation]: [ToldBy<O>] extends [never] ? never : O
}[Operation]

/** That a reader was too slow is handled here: the stream is opened again. */
type Heard<Message> = Message extends {readonly event: 'dropped'}
  ? never
  : Message extends {readonly event: infer Name; readonly data: infer Data}
    ? {
        readonly event: Name
        readonly data: Data
        /** Where to go on later, as `lastEventId`; empty when the stream cannot tell. */
        readonly id: string
      }
    : never

/** A message of a stream: `event` tells what `data` is. */
export type MessageOf<O extends StreamOperation> = Heard<ToldBy<O>>

export type StreamOptions<O extends StreamOperation> = Part<'path', Operations[O]['path']> &
  Part<'query', Operations[O]['query']> &
  Always & {
    /** Goes on after the message of this id. */
    readonly lastEventId?: string
    /** A stream that is silent for this long is taken for lost, in milliseconds. */
    readonly silentMs?: number
    /** Told before the stream is opened again. */
    readonly onReconnect?: (lost: {readonly error: unknown; readonly waitMs: number}) => void
  }

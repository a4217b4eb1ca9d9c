/** Single events of streams with what is known of their age: routes and GraphQL ask here. */
import type {EventId} from '../../readmodel/raw-table.ts'
import {
  findEvent,
  listEvents,
  type ListFound,
  type ListRequest,
  type ServedEvent,
} from './events.ts'
import type {Answered} from './reads.ts'
import {readFrom, type Stores} from './stores.ts'

export interface StreamEventReads {
  /** @param key text of the stream's key */
  list(stream: string, key: string, request: ListRequest): Promise<Answered<ListFound>>
  /** Undefined when there is none, or it was deleted. */
  find(stream: string, id: EventId): Promise<Answered<ServedEvent | undefined>>
}

export const createStreamEvents = (stores: Stores): StreamEventReads => ({
  list: async (stream, key, request) =>
    await readFrom(stores, {what: 'stream-events', stream}, async reads => {
      const found = await listEvents(reads, key, request)
      const {newestMicros} = found
      return {value: found, source: 'cassandra' as const, newestMicros, isScan: true}
    }),
  find: async (stream, id) =>
    await readFrom(stores, {what: 'stream-event', stream}, reads => findEvent(reads, id)),
})

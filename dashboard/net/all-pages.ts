/** Every page of a list, one after the other. */
import type {Address} from './address.ts'
import {request, RequestError} from './request.ts'

interface ListPage<T> {
  readonly items: readonly T[]
  readonly page: {readonly next_cursor: string | null}
}

const PAGES_MAX = 200

/** @throws RequestError also when there is no end to it: part of a list is not the list */
export async function requestAll<T>(
  addressOf: (cursor: string | undefined) => Address<ListPage<T>>,
): Promise<readonly T[]> {
  const items: T[] = []
  let cursor: string | undefined
  for (let n = 0; n < PAGES_MAX; n++) {
    const {items: more, page} = await request(addressOf(cursor))
    items.push(...more)
    if (page.next_cursor === null) return items
    cursor = page.next_cursor
  }
  throw new RequestError(0, `these are more than ${items.length} rows: ask the API for them`)
}

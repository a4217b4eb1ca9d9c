/** Where topics go, asked of Kafka and the registry once, and again when that may have changed. */
import type {Routes} from './destinations.ts'

export interface RouteTable {
  /** `refresh` asks again. @throws as `findRoutes` */
  find(refresh: boolean): Promise<Routes>
  /** What was found last; empty before. */
  latest(): Routes
  /** Asks again, not too often; a failure leaves what is known. */
  lookAgain(): Promise<void>
}

/** Rows of a topic that does not exist may come by the thousand. */
const LOOK_AGAIN_MS = 10_000

/** @param now milliseconds, monotonic */
export function createRouteTable(ask: () => Promise<Routes>, now: () => number): RouteTable {
  let known: Promise<Routes> | undefined
  let latest: Routes = new Map()
  let askedAt = -Infinity
  const find = async (refresh: boolean): Promise<Routes> => {
    if (refresh || known === undefined) {
      askedAt = now()
      const asking = ask()
      known = asking
      asking.then(
        routes => (latest = routes),
        () => {
          if (known === asking) known = undefined
        },
      )
    }
    return await known
  }
  return {
    find,
    latest: () => latest,
    async lookAgain() {
      if (now() - askedAt < LOOK_AGAIN_MS) return
      await find(true).catch(() => undefined)
    },
  }
}

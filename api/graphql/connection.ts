/** One WebSocket of GraphQL: bounded in time and in what it may begin. */

const LIFE_MS = 3_600_000
const STARTS_MAX = 100
/** WebSocket's own codes: come again; a rule was broken. */
const COME_AGAIN = 1012
const POLICY = 1008

export interface Connection {
  readonly address: string
  /** Aborted when the socket is closed. */
  readonly left: AbortSignal
  /**
   * Counts a subscription. The library remembers each until the socket closes, refused ones too.
   *
   * @throws when there were too many; the socket is closed then
   */
  countStart(): void
}

interface Socket {
  close(code: number): void
  once(event: 'close', listener: () => void): unknown
}

export function openConnection(socket: Socket, address: string): Connection {
  const left = new AbortController()
  let starts = 0
  // Like any stream it must come again, so that its key is looked at anew.
  const life = setTimeout(() => socket.close(COME_AGAIN), LIFE_MS)
  life.unref()
  socket.once('close', () => {
    clearTimeout(life)
    left.abort()
  })
  return {
    address,
    left: left.signal,
    countStart() {
      if (++starts <= STARTS_MAX) return
      socket.close(POLICY)
      throw new Error(`more than ${STARTS_MAX} subscriptions on one connection`)
    },
  }
}

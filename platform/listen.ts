/** LISTEN, as a wake-up only: correctness never rests on a notification. */
import pgListen from 'pg-listen'
import {classifyPostgresError} from './postgres.ts'

export interface Listener {
  close(): Promise<void>
}

/**
 * Calls `onWake` at every notification on `channel` and after every (re)connect, since what was sent
 * in between is lost. Reconnects for ever; a connection that breaks is told to `onError`.
 *
 * @throws as `classifyPostgresError` says, when the first LISTEN fails: a standby takes none
 */
export async function listen(
  url: string,
  channel: string,
  handlers: {
    readonly onWake: (cause: 'notify' | 'connect') => void
    readonly onError: (error: Error) => void
  },
): Promise<Listener> {
  const subscriber = pgListen.default(
    {connectionString: url, application_name: 'relay-listen'},
    {
      parse: text => text,
      retryTimeout: Infinity,
      retryInterval: attempt => Math.min(2_000, 50 * 2 ** Math.min(attempt, 10)),
      paranoidChecking: 30_000,
    },
  )
  subscriber.events.on('error', handlers.onError)
  subscriber.events.on('connected', () => handlers.onWake('connect'))
  subscriber.notifications.on(channel, () => handlers.onWake('notify'))
  try {
    await subscriber.connect()
    await subscriber.listenTo(channel)
  } catch (error) {
    await subscriber.close().catch(() => undefined)
    throw classifyPostgresError(error)
  }
  return {close: () => subscriber.close()}
}

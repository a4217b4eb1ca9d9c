/** A migrated database of a test's own, and what capture wrote into its outbox. */
import {inject} from 'vitest'
import type {IdCeiling} from '../ingestor/id-ceiling.ts'
import type {LaneKnowledge} from '../ingestor/leases.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {createTestDatabase, type TestDatabase} from './isolation.ts'

/** A row of the outbox, with the parts of its payload told apart. */
export interface Captured {
  readonly id: number
  readonly op: string
  readonly topic: string
  readonly key: string | null
  readonly aggregate_id: string
  readonly hash: number
  readonly payload: Record<string, unknown>
  readonly headers: Record<string, unknown> | null
}

export interface OutboxWorld {
  readonly database: TestDatabase
  readonly url: string
  readonly client: Client
  /** Another session; closed with the world. */
  session(): Promise<Client>
  run(sql: string): Promise<void>
  /** Rows of a topic since the last call, in the order of their ids. */
  captured(topic: string): Promise<Captured[]>
  /** The same, each as `op key before→after`, with rows shown by `show`. */
  story(topic: string, show: (row: Record<string, unknown>) => string): Promise<string[]>
  [Symbol.asyncDispose](): Promise<void>
}

const SELECT = `SELECT id::int, op::text, topic, key, aggregate_id, hash, payload, headers
  FROM public.outbox_events WHERE id > $1 AND topic = $2 ORDER BY id`

export async function openOutboxWorld(): Promise<OutboxWorld> {
  const database = await createTestDatabase()
  const sessions: Client[] = []
  const session = async (): Promise<Client> => {
    const client = await openClient(database.url, {applicationName: 'test'})
    sessions.push(client)
    return client
  }
  const client = await session()
  let last = 0
  const captured = async (topic: string): Promise<Captured[]> => {
    const {rows} = await client.query<Captured>(SELECT, [last, topic])
    last = rows.at(-1)?.id ?? last
    return rows
  }
  return {
    database,
    url: database.url,
    client,
    session,
    captured,
    async run(sql) {
      await client.query(sql)
    },
    async story(topic, show) {
      return (await captured(topic)).map(({op, key, payload}) => {
        const {before, after} = payload as Record<'before' | 'after', Record<string, unknown>>
        if (op === 'u') return `u ${key} ${show(before)}→${show(after)}`
        return `${op} ${key} ${show(op === 'd' ? before : payload)}`
      })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sessions.map(async open => await open.end()))
      await database.drop()
    },
  }
}

/** A database URL of the same server under another user. */
export function asUser(url: string, user: string, password: string): string {
  const other = new URL(url)
  other.username = user
  other.password = password
  return other.toString()
}

export const serverUrl = (): string => inject('connections').DATABASE_URL

/** A relay that remembers nothing outside of the database. */
export const noCeiling = (): IdCeiling => ({
  known: () => 0,
  look: async () => await Promise.resolve(),
  raise: async () => await Promise.resolve(Number.MAX_SAFE_INTEGER),
})

/** Of an owner that takes a lane for the first time. */
export const NOTHING_KNOWN: LaneKnowledge = {owner: 'test', highestId: 0, ceiling: noCeiling()}

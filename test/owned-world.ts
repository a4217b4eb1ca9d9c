/**
 * A database whose owner is nothing more: no superuser, and may make neither roles nor databases. So there are no
 * event triggers in it.
 */
import type {Stream} from '../contracts/stream.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {initDatabase} from '../scripts/init-database.ts'
import {createTestDatabase} from './isolation.ts'
import {asUser, type Captured} from './outbox-world.ts'

export interface User {
  readonly name: string
  readonly url: string
  readonly client: Client
}

export interface OwnedWorld {
  readonly name: string
  /** As its owner. */
  readonly url: string
  /** The owner. */
  readonly client: Client
  /** A superuser, in the same database. */
  readonly admin: Client
  /** What init said. */
  readonly said: readonly string[]
  /** As the owner. */
  run(sql: string): Promise<void>
  /** As the owner. */
  ask(sql: string): Promise<readonly Record<string, unknown>[]>
  /** A new user of the server; `is` comes after its name in CREATE ROLE. Closed and dropped with the world. */
  user(name: string, is?: string): Promise<User>
  /** Rows of a topic since the last call, each as `op key before→after`. */
  story(topic: string, show: (row: Record<string, unknown>) => string): Promise<string[]>
  [Symbol.asyncDispose](): Promise<void>
}

const NO_RIGHTS = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS'

const OUTBOX = `SELECT id::int, op::text, topic, key, payload FROM public.outbox_events
  WHERE id > $1 AND topic = $2 ORDER BY id`

interface Opened {
  readonly url: string
  readonly name: string
  readonly admin: Client
  user(name: string, is?: string): Promise<User>
  [Symbol.asyncDispose](): Promise<void>
}

/** An empty database with its owner, and users beside. */
export async function openOwnedDatabase(): Promise<Opened> {
  // Another pipeline of the server has made the roles of relay and API.
  await (await createTestDatabase()).drop()
  const database = await createTestDatabase({migrated: false})
  const admin = await openClient(database.url, {applicationName: 'admin'})
  const sessions: Client[] = [admin]
  const users: string[] = []
  const make = async (name: string, is: string): Promise<string> => {
    const full = `${name}_${database.name}`
    await admin.query(`CREATE ROLE ${full} LOGIN PASSWORD 'secret' ${NO_RIGHTS} ${is}`)
    users.push(full)
    return full
  }
  const owner = await make('owner', '')
  await admin.query(`ALTER DATABASE ${database.name} OWNER TO ${owner}`)
  return {
    url: asUser(database.url, owner, 'secret'),
    name: database.name,
    admin,
    async user(name, is = '') {
      const full = await make(name, is)
      const url = asUser(database.url, full, 'secret')
      const client = await openClient(url, {applicationName: name})
      sessions.push(client)
      return {name: full, url, client}
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sessions.map(async session => await session.end()))
      const other = await createTestDatabase({migrated: false})
      const server = await openClient(other.url, {applicationName: 'admin'})
      await database.drop()
      for (const user of users.toReversed()) await server.query(`DROP ROLE ${user}`)
      await server.end()
      await other.drop()
    },
  }
}

export async function openOwnedWorld(streams: readonly Stream[] = []): Promise<OwnedWorld> {
  const database = await openOwnedDatabase()
  const said: string[] = []
  await initDatabase(database.url, streams, what => void said.push(what))
  const client = await openClient(database.url, {applicationName: 'owner'})
  let last = 0
  return {
    ...database,
    client,
    said,
    async run(sql) {
      await client.query(sql)
    },
    ask: async sql => (await client.query<Record<string, unknown>>(sql)).rows,
    async story(topic, show) {
      const {rows} = await client.query<Captured>(OUTBOX, [last, topic])
      last = rows.at(-1)?.id ?? last
      return rows.map(({op, key, payload}) => {
        const {before, after} = payload as Record<'before' | 'after', Record<string, unknown>>
        if (op === 'u') return `u ${key} ${show(before)}→${show(after)}`
        return `${op} ${key} ${show(op === 'd' ? before : payload)}`
      })
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      await database[Symbol.asyncDispose]()
    },
  }
}

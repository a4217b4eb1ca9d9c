import {createServer} from 'node:net'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import type {Env} from '../../stack/config.ts'
import {run, SERVERS_ONLY, setup, START_MS} from './own-stack.ts'

describe('INV-81: a start that cannot succeed says why once and leaves nothing', () => {
  const cases: readonly {
    readonly name: string
    readonly env: (own: Awaited<ReturnType<typeof setup>>) => Env
    readonly says: RegExp
  }[] = [
    {
      name: 'a variable that is no number',
      env: () => ({KAFKA_PORT: 'many'}),
      says: /^invalid configuration.*\n\s+KAFKA_PORT="many": expected an integer from 1 to 65535\n$/,
    },
    {
      name: 'a bad variable of a service',
      env: () => ({CASSANDRA_KEYSPACE: 'not a name'}),
      says: /^invalid configuration.*\n\s+CASSANDRA_KEYSPACE="not a name"/,
    },
    {
      name: 'a Java of the wrong version or none',
      env: () => ({STACK_JAVA: '/nowhere'}),
      says: /^Java 17 is needed.*STACK_JAVA=\/nowhere.*\n$/,
    },
    {
      name: 'a registry elsewhere that does not answer',
      env: () => ({SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9/apis/ccompat/v7'}),
      says: /^registry does not answer at http:\/\/127\.0\.0\.1:9\/apis\/ccompat\/v7 \(SCHEMA_REGISTRY_URL\)\n$/,
    },
    {
      name: 'servers elsewhere of which none answers',
      env: () => ({STACK: 'external'}),
      says: /postgres does not answer at postgres:\/\/postgres:\*\*\*@.*\(DATABASE_URL\)[\s\S]*\(REDIS_URL\)/,
    },
    {
      name: 'Maven is missing when something has to be downloaded',
      env: ({config}) => ({STACK_CACHE: join(config.folder, 'empty'), PATH: '/nowhere'}),
      says: /^Maven is needed once, to download .*apt install maven/,
    },
  ]

  test.for(cases)('$name', async ({env, says}) => {
    const own = await setup()
    try {
      // Without --servers: the settings of the services are looked at too, before anything starts.
      const {status, stderr} = await run(['scripts/start.ts', '--detach'], {
        ...own.env,
        ...env(own),
      })
      expect(stderr).toMatch(says)
      expect(status).not.toBe(0)
      await own.expectNothingLeft()
    } finally {
      own.remove()
    }
  })

  test('a port in use is named with the variable that moves it', async () => {
    const own = await setup()
    const {port} = own.config.ports.postgres
    const {promise, resolve} = Promise.withResolvers<void>()
    const taken = createServer().listen({host: '127.0.0.1', port}, resolve)
    await promise
    try {
      const {status, stderr} = await run(['scripts/start.ts', '--servers'], own.env)
      expect(stderr).toBe(
        `port ${port}, which PostgreSQL needs, is in use: ` +
          'stop what listens there or set POSTGRES_PORT\n',
      )
      expect(status).not.toBe(0)
    } finally {
      const closed = Promise.withResolvers<void>()
      taken.close(() => closed.resolve())
      await closed.promise
    }
    await own.expectNothingLeft()
    own.remove()
  })

  test(
    'a server that ends while it starts is named with the end of its log',
    async () => {
      const own = await setup()
      try {
        const {status, stderr} = await run(SERVERS_ONLY, {...own.env, CASSANDRA_HEAP: '4m'})
        expect(stderr).toMatch(/cassandra ended while it started[\s\S]*logs\/cassandra\.log/)
        expect(status).not.toBe(0)
        await own.expectNothingLeft()
      } finally {
        own.remove()
      }
    },
    START_MS,
  )
})

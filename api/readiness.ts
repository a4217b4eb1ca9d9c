/** Whether this API can serve: which of the servers answer. How the whole does is the verdict's. */
import {messageOf} from '../platform/errors.ts'
import type {Redis} from '../platform/redis.ts'
import type {Readiness} from '../platform/status-server.ts'
import type {Resources} from './compose.ts'
import type {PipelineView} from './schemas/admin.ts'

export type StoreCheck = PipelineView['stores'][number] & {
  /** Why it is not `ok`. */
  readonly why: string | null
}
export type Checks = () => Promise<readonly StoreCheck[]>

export interface Asked extends Pick<Resources, 'db' | 'cassandra' | 'admin' | 'registry'> {
  readonly redis: Pick<Redis, 'send'>
}

export function storeChecks({db, redis, cassandra, admin, registry}: Asked): Checks {
  const asks: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['postgresql', () => db.query('SELECT 1')],
    ['kafka', async () => await (await admin.get()).listTopics()],
    ['registry', () => registry.subjects()],
    ['cassandra', async () => await (await cassandra.get()).rows('SELECT key FROM system.local')],
    ['redis', () => redis.send(['PING'])],
  ]
  return async () =>
    await Promise.all(
      asks.map(async ([name, ask]) => {
        const start = performance.now()
        const {promise, reject} = Promise.withResolvers<never>()
        const timer = setTimeout(() => reject(new Error('no answer')), 2000)
        try {
          await Promise.race([ask(), promise])
          const milliseconds = Math.round(performance.now() - start)
          return {name, ok: true, milliseconds, why: null}
        } catch (error) {
          return {name, ok: false, milliseconds: null, why: messageOf(error).split('\n', 1)[0]!}
        } finally {
          clearTimeout(timer)
        }
      }),
    )
}

/** PostgreSQL is needed for everything; without Cassandra most figures cannot be had. */
export async function judgeReadiness(checks: Checks): Promise<Readiness> {
  const away = (await checks()).filter(({ok}) => !ok).map(({name}) => name)
  const reasons: string[] = []
  if (away.includes('postgresql')) reasons.push('PostgreSQL does not answer')
  if (away.includes('cassandra')) reasons.push('Cassandra does not answer')
  return {ready: reasons.length === 0, reasons, details: {away}}
}

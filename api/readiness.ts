/** Whether the API can answer: which servers do, and whether the flow is not too far behind. */
import type {Readiness} from '../platform/status-server.ts'
import type {Resources} from './compose.ts'
import type {ApiConfig} from './config.ts'
import type {LagWatch} from './pipeline/lag.ts'
import type {PipelineView} from './schemas/admin.ts'

export type Checks = () => Promise<PipelineView['stores']>

export function storeChecks({db, redis, cassandra, admin, registry}: Resources): Checks {
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
          return {name, ok: true, milliseconds: Math.round((performance.now() - start) * 10) / 10}
        } catch {
          return {name, ok: false, milliseconds: null}
        } finally {
          clearTimeout(timer)
        }
      }),
    )
}

/** PostgreSQL is needed for everything; Redis or Cassandra for figures; Kafka to know the lag. */
export async function judge(checks: Checks, lag: LagWatch, config: ApiConfig): Promise<Readiness> {
  const [stores, view] = await Promise.all([checks(), lag.read()])
  const away = stores.filter(({ok}) => !ok).map(({name}) => name)
  const reasons: string[] = []
  if (away.includes('postgresql')) reasons.push('PostgreSQL does not answer')
  if (away.includes('cassandra')) reasons.push('Cassandra does not answer')
  if (view.records !== null && view.records > config.readyLagMax) {
    reasons.push(`the stores are ${view.records} records behind, more than API_READY_LAG_MAX`)
  }
  if ((view.outboxOldestSeconds ?? 0) > 60) {
    reasons.push(`a row of the outbox waits for ${Math.round(view.outboxOldestSeconds!)} s`)
  }
  return {
    ready: reasons.length === 0,
    reasons,
    details: {away, lag_records: view.records, outbox_unpublished: view.outboxUnpublished},
  }
}

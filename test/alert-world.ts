/** What tests of alerts share: a database with channels and rules, and parts of the worker on it. */
import {pino} from 'pino'
import {createMetrics} from '../platform/metrics.ts'
import {createPool, type Pool} from '../platform/postgres.ts'
import {createAlertMetrics} from '../worker/alerts/metrics.ts'
import {readRules, type StoredRule} from '../worker/alerts/rule-table.ts'
import {createTestDatabase} from './isolation.ts'

export const SILENT = pino({level: 'silent'})
export const alertMetrics = () => createAlertMetrics(createMetrics())

export async function openAlertWorld() {
  await using resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const pool: Pool = createPool(database.url, {applicationName: 'test', connectionsMax: 12})
  resources.defer(() => pool.end())
  const rowsOf = async <T extends object>(text: string, values: readonly unknown[] = []) =>
    (await pool.query<T>(text, [...values])).rows
  const owned = resources.move()
  return {
    pool,
    rowsOf,
    async addChannel(name: string, address = 'somebody@example.com'): Promise<void> {
      await pool.query(
        `INSERT INTO api.alert_channels (name, kind, address) VALUES ($1, 'mail', $2)`,
        [name, address],
      )
    },
    /** A rule that watches shops, as the evaluator reads it. */
    async addRule(channels: readonly string[] = [], changes: object = {}): Promise<StoredRule> {
      const rule = {
        name: 'many orders',
        stream: 'orders',
        metric: 'orders',
        dimension: 'shop',
        kind: 'above',
        threshold: 10,
        window_minutes: 1,
        days: 7,
        severity: 'warning',
        channels,
        ...changes,
      }
      await pool.query(
        `INSERT INTO api.alert_rules (name, stream, metric, dimension, kind, threshold, window_minutes, days, severity, channels, open_after_seconds)
         SELECT name, stream, metric, dimension, kind, threshold, window_minutes, days, severity, channels, coalesce(open_after_seconds, 0)
           FROM json_populate_record(NULL::api.alert_rules, $1)`,
        [JSON.stringify(rule)],
      )
      return (await readRules(pool)).find(({name}) => name === rule.name)!
    },
    async incidents() {
      return await rowsOf<{subject: string; status: string}>(
        'SELECT subject, status FROM api.alert_incidents ORDER BY id',
      )
    },
    async messages() {
      return await rowsOf<{channel: string; message_id: string; state: string}>(
        'SELECT channel, message_id, state FROM api.alert_deliveries ORDER BY id',
      )
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/**
 * What is to be sent, in PostgreSQL: one worker at a time has a channel, and takes its oldest message.
 *
 * Guarantees    INV-159: two workers send a message once, and the messages of a channel in their order; only one that
 *               stalls longer than its lease may have a message sent again, under the same id.
 */
import {randomUUID} from 'node:crypto'
import type {Pool} from '../../platform/postgres.ts'
import type {Channel, Message} from './courier.ts'
import {inTransaction, query} from './database.ts'
import type {NextStep} from './outcome.ts'

export interface Claim {
  readonly lease: string
  readonly channel: Channel
  readonly message: Message
}

interface MessageRow {
  readonly id: string
  readonly message_id: string
  readonly payload: string
  readonly attempts: number
  readonly queued_ms: number
}

export interface DeliveryTable {
  /** The oldest message of a channel that nobody sends for now, or undefined. */
  claim(): Promise<Claim | undefined>
  /** Notes what became of it, and gives the channel back. @returns false when the lease was over */
  finish(claim: Claim, step: NextStep): Promise<boolean>
  /** @returns how many old ones were forgotten */
  forget(): Promise<number>
}

/** The channel that waits longest. */
const CLAIM = `
  WITH free AS (
    SELECT c.name FROM api.alert_channels c
     WHERE (c.retry_at IS NULL OR c.retry_at <= clock_timestamp())
       AND (c.leased_until IS NULL OR c.leased_until <= clock_timestamp())
       AND c.kind = ANY ($3)
       AND EXISTS (SELECT FROM api.alert_deliveries d WHERE d.channel = c.name AND d.state = 'waiting')
     ORDER BY c.leased_until NULLS FIRST, c.name LIMIT 1 FOR UPDATE SKIP LOCKED)
  UPDATE api.alert_channels c SET lease = $1, leased_until = clock_timestamp() + $2 * interval '1 ms'
    FROM free WHERE c.name = free.name
  RETURNING c.name, c.kind, c.address, c.secret, c.failures`

/** Asked once the channel is ours: what another worker noted until then is seen. */
const OLDEST = `
  SELECT id, message_id, payload::text AS payload, attempts,
         extract(epoch FROM clock_timestamp() - queued_at)::double precision * 1000 AS queued_ms
    FROM api.alert_deliveries WHERE channel = $1 AND state = 'waiting' ORDER BY id LIMIT 1`

const RELEASE = `
  UPDATE api.alert_channels SET lease = NULL, leased_until = clock_timestamp() WHERE name = $1 AND lease = $2`

const STATE = {sent: 'sent', wait: 'waiting', dead: 'dead'} as const

/** Sent ones are a record for a month, dead letters for a quarter. */
const FORGET = `
  DELETE FROM api.alert_deliveries WHERE id IN (
    SELECT id FROM api.alert_deliveries
     WHERE state = 'sent' AND finished_at < now() - interval '30 days'
        OR state IN ('dead', 'discarded') AND finished_at < now() - interval '90 days' LIMIT 1000)
  RETURNING id`

/** @param options.kinds channels that this worker can send to */
export function createDeliveryTable(
  pool: Pool,
  options: {readonly leaseMs: number; readonly kinds: readonly Channel['kind'][]},
): DeliveryTable {
  return {
    async claim() {
      const lease = randomUUID()
      const [channel] = await query<Channel>(pool, CLAIM, [lease, options.leaseMs, options.kinds])
      if (channel === undefined) return undefined
      const [row] = await query<MessageRow>(pool, OLDEST, [channel.name])
      if (row === undefined) {
        await query(pool, RELEASE, [channel.name, lease])
        return undefined
      }
      const {id, message_id: messageId, payload, attempts, queued_ms: queuedMs} = row
      return {lease, channel, message: {id, messageId, payload, attempts, queuedMs}}
    },
    finish: ({lease, channel, message}, step) =>
      inTransaction(pool, async session => {
        const isWait = step.kind === 'wait'
        const held = await query(
          session,
          `UPDATE api.alert_channels
              SET lease = NULL, leased_until = clock_timestamp(), failures = CASE WHEN $3 THEN failures + 1 ELSE 0 END,
                  retry_at = CASE WHEN $3 THEN clock_timestamp() + $4 * interval '1 ms' END
            WHERE name = $1 AND lease = $2 RETURNING name`,
          [channel.name, lease, isWait, isWait ? step.ms : 0],
        )
        if (held.length === 0) return false
        await query(
          session,
          `UPDATE api.alert_deliveries
              SET state = $2, attempts = attempts + 1, error = $3, finished_at = CASE WHEN $4 THEN NULL ELSE now() END
            WHERE id = $1`,
          [message.id, STATE[step.kind], step.kind === 'sent' ? null : step.reason, isWait],
        )
        return true
      }),
    async forget() {
      return (await query(pool, FORGET)).length
    },
  }
}

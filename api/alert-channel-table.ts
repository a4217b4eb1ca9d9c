/** Channels of alerts in PostgreSQL, and what was sent through them. */
import {randomBytes} from 'node:crypto'
import {utcText, type Session} from './database.ts'
import {Problem, refuse} from './problem.ts'
import type {AlertChannelView, AlertDeliveryView} from './schemas/alerts.ts'

export interface NewChannel {
  readonly name: string
  readonly kind: 'webhook' | 'mail'
  readonly address: string
}

const LIST_MAX = 1000
const SECRET_BYTES = 32
const MAIL = /^[^\s@<>,;]+@[^\s@<>,;]+$/

/** As Standard Webhooks writes them. */
const makeSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`

/** @throws 422 naming the address that nothing can be sent to */
export function checkChannel({kind, address}: NewChannel): void {
  const bad = (detail: string): Problem => refuse('body', '/address', address, detail)
  if (kind === 'mail') {
    if (!MAIL.test(address)) throw bad('must be one address of mail, such as operators@example.com')
    return
  }
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw bad('must be a URL with https: or http:')
  }
  if (url.username !== '' || url.password !== '') {
    throw bad('must not have a password: receivers verify by the secret')
  }
}

const COLUMNS = `name, kind, address, ${utcText('created_at')}, failures, ${utcText('retry_at')}`
const countOf = (state: string): string =>
  `(SELECT count(*)::int FROM api.alert_deliveries d WHERE d.channel = c.name AND d.state = '${state}') AS ${state}`

export async function listChannels(db: Session): Promise<readonly AlertChannelView[]> {
  const {rows} = await db.query<AlertChannelView>(
    `SELECT ${COLUMNS}, ${countOf('waiting')}, ${countOf('dead')} FROM api.alert_channels c ORDER BY c.name LIMIT ${LIST_MAX}`,
  )
  return rows
}

/**
 * @returns the secret of a webhook, which is told nobody else
 * @throws 409 when there is one of that name, or as many as may be
 */
export async function insertChannel(
  db: Session,
  {name, kind, address}: NewChannel,
): Promise<string | null> {
  const secret = kind === 'webhook' ? makeSecret() : null
  const {rowCount} = await db.query(
    `INSERT INTO api.alert_channels (name, kind, address, secret)
     SELECT $1::text, $2::text, $3::text, $4::text WHERE (SELECT count(*) FROM api.alert_channels) < ${LIST_MAX}
     ON CONFLICT (name) DO NOTHING`,
    [name, kind, address, secret],
  )
  if (rowCount > 0) return secret
  throw new Problem('conflict', `there is no room for a channel ${name}`, {
    errors: [
      {in: 'body', field: '/name', detail: `is taken, or there are ${LIST_MAX}`, value: name},
    ],
  })
}

/**
 * What waits for it goes with it.
 *
 * @returns false when there is no such channel
 * @throws 409 while rules name it
 */
export async function deleteChannel(db: Session, name: string): Promise<boolean> {
  const {rows} = await db.query<{name: string}>(
    'SELECT name FROM api.alert_rules WHERE $1 = ANY (channels) ORDER BY name LIMIT 3',
    [name],
  )
  if (rows.length > 0) {
    const rules = rows.map(rule => rule.name).join(', ')
    throw new Problem('conflict', `rules send to ${name}: change them first: ${rules}`)
  }
  const {rowCount} = await db.query('DELETE FROM api.alert_channels WHERE name = $1', [name])
  return rowCount > 0
}

const DELIVERY = `id::text, channel, message_id, state, attempts, ${utcText('queued_at')}, ${utcText('finished_at')}, error`

/** The newest first. @param before id that the page goes on from */
export async function listDeliveries(
  db: Session,
  {state, channel}: {readonly state?: string | undefined; readonly channel?: string | undefined},
  {limit, before}: {readonly limit: number; readonly before?: string | undefined},
): Promise<readonly AlertDeliveryView[]> {
  const {rows} = await db.query<AlertDeliveryView>(
    `SELECT ${DELIVERY} FROM api.alert_deliveries d
      WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR channel = $2) AND ($3::bigint IS NULL OR d.id < $3)
      ORDER BY d.id DESC LIMIT $4`,
    [state, channel, before, limit],
  )
  return rows
}

/**
 * Lets a dead letter wait again, under its id.
 *
 * @returns undefined when there is no such message
 * @throws 409 when it is no dead letter
 */
export async function redriveDelivery(
  db: Session,
  id: string,
): Promise<AlertDeliveryView | undefined> {
  const {rows} = await db.query<AlertDeliveryView>(
    `UPDATE api.alert_deliveries d SET state = 'waiting', queued_at = now(), finished_at = NULL, attempts = 0
      WHERE d.id = $1 AND state = 'dead' RETURNING ${DELIVERY}`,
    [id],
  )
  const [row] = rows
  if (row === undefined) return await assertNoDelivery(db, id)
  await db.query('UPDATE api.alert_channels SET retry_at = NULL, failures = 0 WHERE name = $1', [
    row.channel,
  ])
  return row
}

/**
 * Decides that a dead letter needs nothing more; it is kept as long as others.
 *
 * @returns undefined when there is no such message
 * @throws 409 when it is no dead letter
 */
export async function discardDelivery(
  db: Session,
  id: string,
): Promise<AlertDeliveryView | undefined> {
  const {rows} = await db.query<AlertDeliveryView>(
    `UPDATE api.alert_deliveries d SET state = 'discarded' WHERE d.id = $1 AND state = 'dead' RETURNING ${DELIVERY}`,
    [id],
  )
  return rows[0] ?? (await assertNoDelivery(db, id))
}

/** @throws 409 when there is one: it is no dead letter */
async function assertNoDelivery(db: Session, id: string): Promise<undefined> {
  const {rows: others} = await db.query<{state: string}>(
    'SELECT state FROM api.alert_deliveries WHERE id = $1',
    [id],
  )
  const [other] = others
  if (other === undefined) return undefined
  throw new Problem('conflict', `message ${id} is no dead letter: it is ${other.state}`)
}

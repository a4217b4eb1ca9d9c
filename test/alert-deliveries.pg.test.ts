/** Messages of alerts: two workers, receivers that are away, leases that end. */
import {expect, test} from 'vitest'
import {createCourier, type Send} from '../worker/alerts/courier.ts'
import {createDeliveryTable} from '../worker/alerts/delivery-table.ts'
import {alertMetrics, openAlertWorld, SILENT} from './alert-world.ts'
import {until} from './pipeline-world.ts'

type World = Awaited<ReturnType<typeof openAlertWorld>>

const OPTIONS = {
  pollMs: 10,
  concurrencyMax: 3,
  firstDelayMs: 10,
  maxDelayMs: 40,
  giveUpMs: 3_600_000,
}

async function queue(world: World, channel: string, count: number): Promise<void> {
  await world.pool.query(
    `INSERT INTO api.alert_deliveries (channel, message_id, payload)
     SELECT $1, format('alert_%s_opened', n), '{}' FROM generate_series(1, $2::int) n`,
    [channel, count],
  )
}

function startCourier(world: World, send: Send, changes: Partial<typeof OPTIONS> = {}) {
  const stop = new AbortController()
  const courier = createCourier(
    {
      deliveries: createDeliveryTable(world.pool, {leaseMs: 10_000, kinds: ['mail']}),
      senders: {mail: send},
      metrics: alertMetrics(),
      log: SILENT,
    },
    {...OPTIONS, ...changes},
  )
  const ended = courier.run(stop.signal)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
    },
  }
}

const whenAll = async (world: World, state: string, count: number): Promise<void> =>
  void (await until(`${count} ${state}`, async () => {
    const messages = await world.messages()
    return messages.filter(one => one.state === state).length === count
  }))

const numbered = (count: number): readonly string[] =>
  Array.from({length: count}, (_, i) => `alert_${i + 1}_opened`)

test('INV-159: workers send each message once, those of a channel in their order', async () => {
  await using world = await openAlertWorld()
  const sent = new Map<string, string[]>()
  for (const name of ['a', 'b']) {
    await world.addChannel(name)
    await queue(world, name, 150)
    sent.set(name, [])
  }
  const send: Send = async ({name}, {messageId}) => {
    sent.get(name)!.push(messageId)
    return await Promise.resolve({kind: 'sent'})
  }
  await using resources = new AsyncDisposableStack()
  for (let worker = 0; worker < 4; worker++) {
    resources.use(startCourier(world, send, {pollMs: 1}))
  }
  await whenAll(world, 'sent', 300)
  for (const messages of sent.values()) expect(messages).toEqual(numbered(150))
})

test('INV-157: a receiver that is away misses nothing and gets all in order; the others do not wait for it', async () => {
  await using world = await openAlertWorld()
  for (const name of ['away', 'there']) {
    await world.addChannel(name)
    await queue(world, name, 5)
  }
  let isAway = true
  const took: string[] = []
  let tries = 0
  const send: Send = async ({name}, {messageId}) => {
    if (name !== 'away') return await Promise.resolve({kind: 'sent'})
    tries += 1
    if (isAway) return {kind: 'away', reason: 'it answers 503'}
    took.push(messageId)
    return {kind: 'sent'}
  }
  await using _ = startCourier(world, send)
  await until('the others went', async () => {
    const messages = await world.messages()
    return messages.filter(one => one.channel === 'there' && one.state === 'sent').length === 5
  })
  await until('it was tried some times', async () => await Promise.resolve(tries > 4))
  const [channel] = await world.rowsOf<{failures: number}>(
    `SELECT failures FROM api.alert_channels WHERE name = 'away'`,
  )
  expect(channel!.failures).toBeGreaterThan(3)
  isAway = false
  await whenAll(world, 'sent', 10)
  expect(took).toEqual(numbered(5))
})

test('INV-157: what is given up is a dead letter with its reason, and what is behind it goes on', async () => {
  await using world = await openAlertWorld()
  await world.addChannel('picky')
  await queue(world, 'picky', 3)
  const send: Send = async (_channel, {messageId}) =>
    await Promise.resolve(
      messageId === 'alert_1_opened' ? {kind: 'refused', reason: 'it answers 400'} : {kind: 'sent'},
    )
  await using _ = startCourier(world, send)
  await whenAll(world, 'sent', 2)
  const rows = await world.rowsOf(
    'SELECT message_id, state, attempts, error FROM api.alert_deliveries ORDER BY id LIMIT 1',
  )
  expect(rows).toEqual([
    {message_id: 'alert_1_opened', state: 'dead', attempts: 5, error: 'it answers 400'},
  ])
})

test('INV-159: a message whose worker is gone is sent by another one under the same id, and the late word of the first counts nothing', async () => {
  await using world = await openAlertWorld()
  await world.addChannel('a')
  await queue(world, 'a', 1)
  const stalled = createDeliveryTable(world.pool, {leaseMs: 50, kinds: ['mail']})
  const other = createDeliveryTable(world.pool, {leaseMs: 60_000, kinds: ['mail']})
  const first = (await stalled.claim())!
  expect(await other.claim()).toBeUndefined()
  const second = await until('the lease ended', () => other.claim())
  expect(second.message.messageId).toBe(first.message.messageId)
  expect(await stalled.finish(first, {kind: 'sent'})).toBe(false)
  expect((await world.messages())[0]!.state).toBe('waiting')
  expect(await other.finish(second, {kind: 'sent'})).toBe(true)
  expect((await world.messages())[0]!.state).toBe('sent')
})

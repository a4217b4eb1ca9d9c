/** What docs/ALERTS.md tells receivers to do works as it stands there. */
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {pathToFileURL} from 'node:url'
import {expect, test} from 'vitest'
import type {GuardedFetch, GuardedInit} from '../platform/guarded-fetch.ts'
import {createWebhookSend} from '../worker/alerts/webhook.ts'

const page = readFileSync('docs/ALERTS.md', 'utf8')
const blockOf = (mark: RegExp): string =>
  new RegExp(`\`\`\`${mark.source}\\n(.*?)\`\`\``, 's').exec(page)![1]!

type Receive = (secret: string, headers: Record<string, string>, body: string) => unknown

/** The block as a module: inside of the checkout, since it imports a package. */
async function loadReceive(): Promise<Receive> {
  const folder = mkdtempSync(resolve('test/declaration-'))
  try {
    const file = join(folder, 'receive.ts')
    writeFileSync(file, blockOf(/ts run/))
    return ((await import(pathToFileURL(file).href)) as {receive: Receive}).receive
  } finally {
    rmSync(folder, {recursive: true})
  }
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

async function send(secret: string): Promise<Sent> {
  let sent: GuardedInit | undefined
  const call: GuardedFetch = Object.assign(
    async (_url: string, init?: GuardedInit) => {
      sent = init
      return await Promise.resolve({status: 204, ok: true, text: '', header: () => null})
    },
    {close: async () => await Promise.resolve()},
  )
  const webhook = createWebhookSend(call, Date.now)
  const channel = {
    name: 'pager',
    kind: 'webhook',
    address: 'https://x',
    secret,
    failures: 0,
  } as const
  const payload = JSON.stringify(JSON.parse(blockOf(/json not run[^\n]*/)))
  const message = {id: '1', messageId: 'alert_7_opened', payload, attempts: 0, queuedMs: 0}
  expect(await webhook(channel, message)).toEqual({kind: 'sent'})
  return sent as Sent
}

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

test('the receiver of the page verifies what is sent, drops what came before, and refuses others', async () => {
  const receive = await loadReceive()
  const {headers, body} = await send(SECRET)
  expect(receive(SECRET, {...headers}, body)).toMatchObject({
    type: 'alert.opened',
    data: {id: 7, subject: 'ios'},
  })
  expect(receive(SECRET, {...headers}, body)).toBeUndefined()
  const other = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
  expect(() => receive(other, {...headers}, body)).toThrow('No matching signature')
  expect(() => receive(SECRET, {...headers}, body.replace('"ios"', '"web"'))).toThrow(
    'No matching signature',
  )
})

test('the message of the page has the fields that are sent', () => {
  const shown = JSON.parse(blockOf(/json not run[^\n]*/)) as {readonly data: object}
  const sql = readFileSync('db/migrations/0011_alerts.sql', 'utf8')
  const made = sql.slice(sql.indexOf("'data', json_build_object("))
  const names = [...made.slice(0, made.indexOf('$$')).matchAll(/'(\w+)', (?:i\.|to_char)/g)]
  expect(Object.keys(shown.data)).toEqual(names.map(([, name]) => name))
})

/** A sequence of ids that is set back while a relay runs. INV-108. */
import {expect, test} from 'vitest'
import {addContents, contentAt, recordsOf, show, untilRecords} from './relay-contents.ts'
import {openRelayStack} from './relay-stack.ts'

test('INV-108: changes under a sequence that was set back are published as later ones', async () => {
  await using stack = await openRelayStack()
  await stack.startRelay()
  await addContents(stack.client, 1, 50)
  await stack.whenPublished()
  await stack.client.query("SELECT setval('cdc.outbox_events_id_seq', 1, false)")
  await stack.client.query(`UPDATE content SET title = 'new' WHERE id = '${contentAt(1)}'`)
  await stack.client.query(`DELETE FROM content WHERE id = '${contentAt(2)}'`)
  await untilRecords(stack, 52)
  const records = await recordsOf(stack)
  expect(records.slice(-2).map(show)).toEqual(['u 1', 'd 2'])
  expect(records.at(-2)!.outbox_id).toBeGreaterThan(50)
}, 60_000)

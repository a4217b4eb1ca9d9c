/**
 * A relay that is frozen with a page in its hands while another one takes over, and thaws: what it still sends is
 * dropped, and nothing is lost. That every effect is there once: `relay-frozen.long.test.ts`.
 */
import {expect, test} from 'vitest'
import {createEpochTable} from '../contracts/epochs.ts'

import {checkTopics} from './relay-checker.ts'
import {FREEZE} from './relay-freeze.ts'
import {ADD_EVENT} from './relay-slow.ts'
import {
  committedRows,
  openRelayStack,
  toChecked,
  until,
  type PublishedRecord,
  type RelayStack,
} from './relay-stack.ts'
import {addContents, contentId, runWriters} from './relay-writers.ts'

const ownerOf = async ({client}: RelayStack): Promise<{owner: string | null; epoch: number}> =>
  (
    await client.query<{owner: string | null; epoch: number}>(
      'SELECT owner, epoch::float8 AS epoch FROM cdc.relay_cursor',
    )
  ).rows[0]!

/** Records of an epoch that came after a later one had begun in their partition. */
function lateOf(partitions: readonly (readonly PublishedRecord[])[], epoch: number) {
  return partitions.flatMap(partition => {
    const first = partition.findIndex(record => record.epoch > epoch)
    return first < 0 ? [] : partition.slice(first).filter(record => record.epoch === epoch)
  })
}

/** What a reader of all partitions makes of them. */
const applied = (partitions: readonly (readonly PublishedRecord[])[]): PublishedRecord[] =>
  partitions.flatMap(partition => {
    const epochs = createEpochTable()
    return partition.filter(record => epochs.admit(record) === 'apply')
  })

test('INV-1 INV-2 INV-4: what a relay sends that was frozen before its send is dropped, and nothing is lost', async () => {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  const frozen = await stack.startRelay(FREEZE)
  await stack.whenPublished()
  const before = await ownerOf(stack)
  const stop = new AbortController()
  const writing = runWriters(stack.databaseUrl, 4, stop.signal)
  await until('more is published', async () => (await stack.readTopics()).flat().length > 100)
  await stack.client.query(ADD_EVENT, [contentId(1), 'freeze here'])
  await until('frozen', async () => await Promise.resolve(frozen.lines.includes('frozen')))
  const next = await stack.startRelay()
  await until('another owner', async () => {
    const {owner, epoch} = await ownerOf(stack)
    return owner !== null && epoch > before.epoch
  })
  const after = await ownerOf(stack)
  const isSent = async (): Promise<boolean> =>
    applied(await stack.readTopics()).some(
      record => record.epoch === after.epoch && record['device'] === 'freeze here',
    )
  await until('the next relay has sent the page', isSent)
  stop.abort()
  await writing
  frozen.signal('SIGCONT')
  const isLate = async (): Promise<boolean> =>
    lateOf(await stack.readTopics(), before.epoch).length > 0
  await until('the late records', isLate)
  await until(
    'it knows',
    async () => await Promise.resolve(frozen.lines.some(line => line.includes('lane ended'))),
  )
  await stack.whenPublished()
  next.signal('SIGTERM')
  await next.ended()
  const partitions = await stack.readTopics()
  const late = new Set(lateOf(partitions, before.epoch))
  expect(applied(partitions).filter(record => late.has(record))).toEqual([])
  const found = checkTopics(
    partitions.map(partition => partition.map(toChecked)),
    await committedRows(stack.client),
  )
  expect(found).toEqual([])
}, 60_000)

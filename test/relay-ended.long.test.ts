/** INV-112: a row that ends the process that handles it is put aside, and nothing else stops. */
import {expect, test} from 'vitest'
import {setLaneCount} from '../ingestor/lane-count.ts'
import {planted} from './plant.ts'
import {ADD_EVENT, devicesIn} from './relay-slow.ts'
import {openRelayStack, until, type RelayStack} from './relay-stack.ts'
import {addContents, contentId, CONTENTS} from './relay-writers.ts'

/** As running out of memory, or a fault in a library: nothing catches it. */
const DEADLY = planted({
  file: 'ingestor/publish.ts',
  find: 'const written = route.writer.write(row, stamp)',
  replace: `if (row.payload.includes('deadly')) process.kill(process.pid, 'SIGKILL')
  const written = route.writer.write(row, stamp)`,
})
const QUICK = {...DEADLY, RELAY_GRACE_MS: '0', RELAY_SAVE_EVERY_MS: '100'}

const add = async ({client}: RelayStack, device: string): Promise<void> => {
  for (let n = 0; n < CONTENTS; n++) await client.query(ADD_EVENT, [contentId(n), `${device}-${n}`])
}

const isPublished = async ({client}: RelayStack): Promise<boolean> =>
  (await client.query<{rows: string}>('SELECT rows FROM cdc.unpublished()')).rows[0]!.rows === '0'

/** Starts a relay each time one has ended, as a supervisor does, until all is published. Answers how many ended. */
async function supervise(stack: RelayStack): Promise<number> {
  for (let ended = 0; ; ended++) {
    expect(ended).toBeLessThan(10)
    const {child} = await stack.startRelay(QUICK)
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
    await until(
      'it ends, or all is published',
      async () => hasEnded() || (await isPublished(stack)),
    )
    if (!hasEnded()) return ended
  }
}

const lettersOf = async ({client}: RelayStack): Promise<unknown[]> =>
  (await client.query(`SELECT reason, payload ->> 'device' AS device FROM cdc.dead_letters`)).rows

test('INV-112: a row that ends the process is put aside, and no other row is, nor one of another lane', async () => {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  await setLaneCount(stack.client, 4)
  await add(stack, 'before')
  await stack.client.query(ADD_EVENT, [contentId(1), 'deadly'])
  await add(stack, 'after')
  expect(await supervise(stack)).toBeLessThanOrEqual(5)
  expect(await lettersOf(stack)).toEqual([{reason: 'ENDED_PROCESS', device: 'deadly'}])
  expect(new Set(await devicesIn(stack)).size).toBe(2 * CONTENTS)
  await add(stack, 'later')
  await until('later rows', async () => new Set(await devicesIn(stack)).size === 3 * CONTENTS)
  await until('nothing is noted any more', async () => {
    const {rows} = await stack.client.query<{n: number}>(
      'SELECT count(*)::int AS n FROM cdc.relay_cursor WHERE ends > 0 OR suspect_id IS NOT NULL',
    )
    return rows[0]!.n === 0
  })
}, 120_000)

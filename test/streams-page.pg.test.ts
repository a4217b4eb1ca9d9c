/** What docs/STREAMS.md tells a newcomer to do works as it stands there. */
import {readFileSync} from 'node:fs'
import avsc from 'avsc'
import {expect, test} from 'vitest'
import {loadDeclaration} from './declaration.ts'
import {openOutboxWorld} from './outbox-world.ts'

const page = readFileSync('docs/STREAMS.md', 'utf8')
  .split(/^## /m)
  .find(part => part.startsWith('By hand'))!
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language} run\\n(.*?)\`\`\``, 'gs'))].map(
    ([, text]) => text!,
  )

test('the SQL of the page captures what its table says', async () => {
  await using world = await openOutboxWorld()
  for (const sql of blocks('sql')) await world.run(sql)
  const rows = await world.captured('bookings')
  const [one, two] = ['1', '2'].map(n => '11111111-1111-1111-1111-111111111111'.replaceAll('1', n))
  expect(rows.map(({op, key}) => `${op} ${key}`)).toEqual([
    `c ${one}`,
    `u ${one}`,
    `d ${one}`,
    `c ${two}`,
    `d ${two}`,
  ])
  expect(rows[1]?.payload).toMatchObject({before: {status: 'new'}, after: {status: 'paid'}})
})

test('the stream of the page describes its table, and its schema is valid', async () => {
  const stream = await loadDeclaration(blocks('ts')[0]!)
  await using world = await openOutboxWorld()
  for (const sql of blocks('sql')) await world.run(sql)
  const {rows} = await world.client.query<{attname: string; attnotnull: boolean}>(
    'SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum',
    [stream.table],
  )
  expect(
    stream.columns.map(({column, nullable}) => ({attname: column, attnotnull: !nullable})),
  ).toEqual(rows)
  expect(avsc.Type.forSchema(stream.schema as unknown as avsc.Schema).typeName).toBe('record')
})

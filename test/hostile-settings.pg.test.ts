/** Defaults that a DBA gives a database: everything that is asked of it works all the same. */
import {expect, test} from 'vitest'
import {rotate} from '../ingestor/retention.ts'
import {createPool} from '../platform/postgres.ts'
import {openOutboxWorld} from './outbox-world.ts'

const DEFAULTS = {
  search_path: "''",
  default_transaction_isolation: 'serializable',
  DateStyle: "'SQL, DMY'",
  TimeZone: "'Asia/Kathmandu'",
  IntervalStyle: "'iso_8601'",
  standard_conforming_strings: 'off',
  quote_all_identifiers: 'on',
  bytea_output: "'escape'",
  extra_float_digits: '-10',
  default_text_search_config: "'pg_catalog.german'",
  row_security: 'off',
  statement_timeout: "'5s'",
  lock_timeout: "'1s'",
  idle_in_transaction_session_timeout: "'2s'",
} as const

test('under all of them at once a table is captured, read again, followed, and its slots are emptied', async () => {
  await using world = await openOutboxWorld()
  const {name} = world.database
  for (const [setting, value] of Object.entries(DEFAULTS)) {
    await world.run(`ALTER DATABASE ${name} SET ${setting} = ${value}`)
  }
  const pool = createPool(world.url, {applicationName: 'test', connectionsMax: 1})
  try {
    const ask = async (sql: string): Promise<readonly Record<string, unknown>[]> =>
      (await pool.query<Record<string, unknown>>(sql)).rows
    expect(await ask('SHOW search_path')).toEqual([{search_path: '""'}])
    await ask(`CREATE TABLE public.t (id int, "a,b" text, k text, v int, PRIMARY KEY (id, "a,b"))`)
    await ask(`SELECT cdc.attach('public.t', 'topic-t', 'k')`)
    await ask(`INSERT INTO public.t VALUES (1, 'x,y', 'k', 1)`)
    await ask('ALTER TABLE public.t RENAME TO t2')
    await ask('UPDATE public.t2 SET v = 2')
    expect(await ask(`SELECT cdc.reread('topic-t', $$1,x\\,y$$)`)).toEqual([{reread: true}])
    await ask(`INSERT INTO cdc.backfills (topic) VALUES ('topic-t')`)
    for (let step = 0; step < 3; step++) {
      await ask('UPDATE cdc.backfills SET next_at = clock_timestamp()')
      await ask('SELECT FROM cdc.backfill_step()')
    }
    expect(await ask('SELECT state, rows_written FROM cdc.backfills')).toEqual([
      {state: 'done', rows_written: '1'},
    ])
    expect(await ask('SELECT * FROM cdc.follow()')).toEqual([])
    expect(await ask('SELECT * FROM cdc.check()')).toEqual([])
    expect(await ask('SELECT rows FROM cdc.unpublished()')).toEqual([{rows: '4'}])
    expect(await rotate(pool)).toBe('empty')
    await ask(`UPDATE cdc.relay_cursor SET snap_from = pg_current_snapshot(), (system_identifier, timeline) =
      (SELECT system_identifier, timeline FROM cdc.cluster())`)
    await ask(`UPDATE cdc.outbox_slot SET opened_at = 'epoch'`)
    expect(await rotate(pool)).toBe('opened')
    expect(await rotate(pool)).toBe('truncated')
  } finally {
    await pool.end()
  }
  expect((await world.captured('topic-t')).length).toBe(0)
})

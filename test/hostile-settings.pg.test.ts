/** Defaults that a DBA gives a database: everything that is asked of it works all the same. */
import {expect, test} from 'vitest'
import {toDatabase} from '../api/postgres.ts'
import {openLeaseClient, saveCursor, takeLane} from '../ingestor/leases.ts'
import {rotate} from '../ingestor/retention.ts'
import {installJobs} from '../platform/jobs.ts'
import {createPool, WRITER_SETTINGS} from '../platform/postgres.ts'
import {NOTHING_KNOWN, openOutboxWorld, type OutboxWorld} from './outbox-world.ts'
import {openScheduleWorld, testJob} from './schedule-world.ts'

const DEFAULTS = {
  search_path: "''",
  default_transaction_isolation: 'serializable',
  DateStyle: "'SQL, DMY'",
  TimeZone: "'Asia/Kathmandu'",
  IntervalStyle: "'sql_standard'",
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

/** Of everybody who connects to the database, or of the role that we connect as. */
const WHOSE = {
  database: (name: string) => `ALTER DATABASE ${name}`,
  role: (name: string) => `ALTER ROLE CURRENT_USER IN DATABASE ${name}`,
} as const

async function setDefaults(
  world: OutboxWorld,
  whose: keyof typeof WHOSE,
  defaults: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [setting, value] of Object.entries(defaults)) {
    await world.run(`${WHOSE[whose](world.database.name)} SET ${setting} = ${value}`)
  }
}

test.each(['database', 'role'] as const)(
  'under all of them at once, set for the %s, a table is captured, read again, followed, and its slots are emptied',
  async whose => {
    await using world = await openOutboxWorld()
    await setDefaults(world, whose, DEFAULTS)
    const pool = createPool(world.url, {applicationName: 'test', connectionsMax: 1})
    try {
      const ask = async (sql: string): Promise<readonly Record<string, unknown>[]> =>
        (await pool.query<Record<string, unknown>>(sql)).rows
      expect(await ask('SHOW search_path')).toEqual([{search_path: '""'}])
      await ask(
        `CREATE TABLE public.t (id int, "a,b" text, k text, v int, PRIMARY KEY (id, "a,b"))`,
      )
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
      // The database is a copy of one that was made when the run began.
      await ask('UPDATE cdc.outbox_slot SET opened_at = clock_timestamp()')
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
  },
)

test('where the default is to read only, relays and API write all the same', async () => {
  await using world = await openOutboxWorld()
  await setDefaults(world, 'database', {
    default_transaction_read_only: 'on',
    default_transaction_isolation: 'serializable',
    statement_timeout: '1',
  })
  await using resources = new AsyncDisposableStack()
  const lane = await openLeaseClient(world.url, {applicationName: 'test', leaseMs: 60_000})
  resources.defer(() => lane.end())
  const taken = await takeLane(lane, 0, NOTHING_KNOWN)
  await saveCursor(lane, taken, taken.cursor, {release: false, highestId: 0})
  const pool = createPool(world.url, {
    applicationName: 'test',
    statementTimeoutMs: 10_000,
    settings: WRITER_SETTINGS,
  })
  resources.defer(() => pool.end())
  await pool.query('DELETE FROM cdc.dead_letters')
  const shared = createPool(world.url, {applicationName: 'test', statementTimeoutMs: 10_000})
  resources.defer(() => shared.end())
  const db = toDatabase(shared)
  const add = `INSERT INTO activity_events (user_id, activity_type) VALUES ($1, 'x') RETURNING user_id`
  expect((await db.query(add, ['u'])).rows).toEqual([{user_id: 'u'}])
  await expect(db.query(add, [null])).rejects.toThrow('null value')
})

test('under all of them, and where everything is read only, jobs run by themselves', async () => {
  await using world = await openOutboxWorld()
  await setDefaults(world, 'database', {...DEFAULTS, default_transaction_read_only: 'on'})
  await installJobs(world.url)
  await using schedule = await openScheduleWorld(world.url)
  await schedule.worker('one', [testJob('sweep', async () => await Promise.resolve({}))])
  const tick = new Date(Date.UTC(2026, 0, 31, 12, 30, 15))
  await schedule.due('sweep', tick)
  expect(await schedule.whenLast('sweep', 'succeeded')).toMatchObject({tick, attempt: 1})
})

/** INV-18: the schema of a migrated database is the one that was reviewed: db/catalog.txt. */
import {expect, test} from 'vitest'
import {migrate} from '../db/migrate.ts'
import {makeSampleTables} from '../db/sample-tables.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {initDatabase} from '../scripts/init-database.ts'
import {loadStreams} from '../streams/load.ts'
import {MEDIA_SQL} from './foreign-history.ts'
import {createTestDatabase} from './isolation.ts'

/** Schemas of ours; names of functions and triggers that carry an oid are shown without it. */
const CATALOG = `
WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('public', 'cdc', 'api'))
SELECT line FROM (
  SELECT format('column %s.%s %s %s%s%s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
                coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) AS line
    FROM pg_class c JOIN ours n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
   WHERE c.relkind IN ('r', 'p', 'v')
  UNION ALL
  SELECT format('constraint %s.%s %s %s', n.nspname, c.relname, x.conname, pg_get_constraintdef(x.oid))
    FROM pg_constraint x JOIN pg_class c ON c.oid = x.conrelid JOIN ours n ON n.oid = c.relnamespace WHERE x.contype <> 'n'
  UNION ALL
  SELECT 'index ' || pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN ours n ON n.oid = c.relnamespace
  UNION ALL
  SELECT format('trigger %s enabled %s', regexp_replace(pg_get_triggerdef(t.oid), '_[0-9a-f]{6}_', '_…_'), t.tgenabled)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN ours n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal
  UNION ALL
  SELECT format('function %s.%s(%s) → %s%s%s body %s', n.nspname, regexp_replace(p.proname, '_[0-9a-f]{6}_', '_…_'),
                pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
                CASE WHEN p.prosecdef THEN ' security definer' ELSE '' END,
                coalesce(' set ' || array_to_string(p.proconfig, '; '), ''), left(md5(CASE WHEN p.proname LIKE 'capture\\_%' THEN regexp_replace(p.prosrc, '[0-9]{5,}', 'oid', 'g') ELSE p.prosrc END), 8))
    FROM pg_proc p JOIN ours n ON n.oid = p.pronamespace
  UNION ALL
  SELECT format('view %s.%s body %s', n.nspname, c.relname, left(md5(pg_get_viewdef(c.oid)), 8))
    FROM pg_class c JOIN ours n ON n.oid = c.relnamespace WHERE c.relkind = 'v'
  UNION ALL
  SELECT format('sequence %s.%s cache %s', s.schemaname, s.sequencename, s.cache_size)
    FROM pg_sequences s JOIN ours n ON n.nspname = s.schemaname
  UNION ALL
  SELECT format('event trigger %s on %s %s enabled %s', e.evtname, e.evtevent, e.evttags, e.evtenabled) FROM pg_event_trigger e
  UNION ALL
  SELECT format('grant %s on table %s.%s to %s', string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), n.nspname, c.relname, g.grantee::regrole)
    FROM pg_class c JOIN ours n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) g
   WHERE g.grantee::regrole::text LIKE 'cdc_%' GROUP BY n.nspname, c.relname, g.grantee
  UNION ALL
  SELECT format('grant execute on %s.%s to %s', n.nspname, p.proname, CASE g.grantee WHEN 0 THEN 'public' ELSE g.grantee::regrole::text END)
    FROM pg_proc p JOIN ours n ON n.oid = p.pronamespace CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
   WHERE g.grantee <> p.proowner
) l ORDER BY line COLLATE "C"`

test('INV-18: a migrated database, with every table of the sample, has the catalog that is committed', async () => {
  await using database = await createTestDatabase()
  await makeSampleTables(database.url, await loadStreams('streams'))
  const client = await openClient(database.url, {applicationName: 'test'})
  try {
    const {rows} = await client.query<{line: string}>(CATALOG)
    const text = rows.map(row => row.line).join('\n')
    await expect(`${text}\n`).toMatchFileSnapshot('../db/catalog.txt')
  } finally {
    await client.end()
  }
})

test('migrating again changes nothing, and two at once apply everything once', async () => {
  await using database = await createTestDatabase({migrated: false})
  const results = await Promise.all([migrate(database.url), migrate(database.url)])
  const applied = results.map(result => result.applied).toSorted((a, b) => a - b)
  expect(applied[0]).toBe(0)
  expect(applied[1]).toBeGreaterThan(5)
  expect(await migrate(database.url)).toEqual({applied: 0})
})

/** What somebody may find beside what was there: schemas, and what has a name in those of others. */
const FOUND = `
SELECT nspname::text AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL
SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname !~ '^(pg_|cdc$|api$|jobs$|information_schema$)' AND c.relkind IN ('r', 'p', 'v', 'S')
ORDER BY name`

const namesIn = async (client: Client): Promise<readonly string[]> =>
  (await client.query<{name: string}>(FOUND)).rows.map(({name}) => name)

test('a database of others gets three schemas, and the outbox where its name is free', async () => {
  await using database = await createTestDatabase({migrated: false})
  const client = await openClient(database.url, {applicationName: 'test'})
  try {
    await client.query(`CREATE TABLE content (id bigserial PRIMARY KEY, headline text);
      CREATE TABLE outbox_status (id int); CREATE SCHEMA drizzle;
      CREATE TABLE drizzle.__drizzle_migrations (id int, hash text, created_at bigint);
      INSERT INTO drizzle.__drizzle_migrations VALUES (1, 'of the application', 1)`)
    const before = await namesIn(client)
    await initDatabase(database.url, [], () => undefined)
    const added = (await namesIn(client)).filter(name => !before.includes(name))
    expect(added).toEqual(['api', 'cdc', 'jobs', 'public.outbox_events'])
    await client.query(
      `SELECT cdc.attach('content', 'content', 'id'); INSERT INTO content (headline) VALUES ('x')`,
    )
    const {rows} = await client.query('SELECT payload FROM outbox_events')
    expect(rows).toEqual([{payload: {id: 1, headline: 'x'}}])
  } finally {
    await client.end()
  }
})

test('the API may read the contents of others, write nothing of theirs, and see nothing else', async () => {
  await using database = await createTestDatabase({migrated: false})
  const client = await openClient(database.url, {applicationName: 'test'})
  const said: string[] = []
  try {
    await client.query(MEDIA_SQL)
    const init = async () =>
      await initDatabase(
        database.url,
        await loadStreams('test/streams-foreign'),
        what => void said.push(what),
      )
    await init()
    expect(said).toContain('table media.videos: the API may read id, name, kind, seconds')
    const {rows} = await client.query(
      `SELECT has_column_privilege('cdc_api', 'media.videos', 'name', 'SELECT') AS names,
              has_any_column_privilege('cdc_api', 'media.videos', 'INSERT, UPDATE') AS writes,
              has_any_column_privilege('cdc_api', 'media.watch_log', 'SELECT, INSERT') AS events,
              has_any_column_privilege('cdc_api', 'public.content', 'SELECT, INSERT') AS others`,
    )
    expect(rows).toEqual([{names: true, writes: false, events: false, others: false}])
    said.length = 0
    await init()
    expect(said).toEqual(['database: 0 migrations applied'])
  } finally {
    await client.end()
  }
})

test("the sample's tables are made for its own declarations, and not where their names are taken", async () => {
  const {activity} = await import('../streams/sample/activity.ts')
  await using database = await createTestDatabase({migrated: false})
  const client = await openClient(database.url, {applicationName: 'test'})
  try {
    await client.query('CREATE TABLE content (id bigserial PRIMARY KEY, headline text)')
    await expect(initDatabase(database.url, [activity], () => undefined)).rejects.toMatchObject({
      code: 'STATE_CONTRADICTS',
      message: expect.stringContaining('the database has public.content of its own') as string,
    })
    await client.query('DROP TABLE content')
    await initDatabase(database.url, [activity], () => undefined)
    expect(await namesIn(client)).toEqual(
      expect.arrayContaining(['public.activity_events', 'public.content']),
    )
  } finally {
    await client.end()
  }
})

test('a database that other files migrated is refused', async () => {
  await using database = await createTestDatabase()
  const client = await openClient(database.url, {applicationName: 'test'})
  await client.query("UPDATE cdc.migrations SET hash = 'other' WHERE id = 1")
  await client.end()
  await expect(migrate(database.url)).rejects.toMatchObject({code: 'STATE_CONTRADICTS'})
})

test('the drizzle schema is the one that its migrations make', async () => {
  const {content, engagementEvents, activityEvents} = await import('../db/tables.ts')
  const {getTableConfig} = await import('drizzle-orm/pg-core')
  await using database = await createTestDatabase()
  const client = await openClient(database.url, {applicationName: 'test'})
  try {
    for (const table of [content, engagementEvents, activityEvents]) {
      const {name, columns} = getTableConfig(table)
      const {rows} = await client.query<{attname: string; type: string; attnotnull: boolean}>(
        `SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull FROM pg_attribute
          WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
        [`public.${name}`],
      )
      const expected = columns.map(column => ({
        attname: column.name,
        type: column.getSQLType().replace('bigserial', 'bigint'),
        attnotnull: column.notNull,
      }))
      expect(rows, name).toEqual(expected)
    }
  } finally {
    await client.end()
  }
})

/** INV-16: the last record of a row is the row as it is, also where statements nest or tables change. */
import {expect, test} from 'vitest'
import {openOutboxWorld, type OutboxWorld} from './outbox-world.ts'

const show = (row: Record<string, unknown>): string => `${String(row['id'])}=${String(row['v'])}`

async function openTable(perRow = false): Promise<OutboxWorld> {
  const world = await openOutboxWorld()
  await world.run(`CREATE TABLE t (id int PRIMARY KEY, k text DEFAULT 'a', v int);
    SELECT cdc.attach('t', 'topic-t', 'k', ${perRow})`)
  return world
}

const trigger = (when: string, each: string, body: string, name = 'a_trigger'): string => `
  CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN ${when.startsWith('BEFORE') ? 'NEW' : 'NULL'}; END $$;
  CREATE TRIGGER ${name} ${when} ON t FOR EACH ${each} WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ${name}()`

/** What a reader holds that looks rows up before it applies anything but a new row. */
function replay(story: readonly string[]): string[] {
  const rows = new Map<string, string>()
  for (const line of story) {
    const [, op = '', image = ''] = /^(\w) \S+ (\S+)$/.exec(line) ?? []
    const row = image.split('→').at(-1)!
    const [id = ''] = row.split('=')
    if (op === 'c') expect(rows.has(id), `${line} finds its row already there`).toBe(false)
    if (op === 'd') rows.delete(id)
    else rows.set(id, row)
  }
  return [...rows.values()].toSorted()
}

async function expectPresent(world: OutboxWorld): Promise<string[]> {
  const story = await world.story('topic-t', show)
  const {rows} = await world.client.query<{id: number; v: number}>('SELECT id, v FROM t')
  expect(replay(story)).toEqual(rows.map(show).toSorted())
  return story
}

for (const perRow of [false, true]) {
  const kind = perRow ? 'row triggers' : 'statement triggers'

  test(`${kind}: a trigger after a row that changes the same row`, async () => {
    await using world = await openTable(perRow)
    await world.run(
      trigger('AFTER INSERT OR UPDATE', 'ROW', 'UPDATE t SET v = v + 100 WHERE id = NEW.id;'),
    )
    await world.run(
      'INSERT INTO t VALUES (1, DEFAULT, 1), (2, DEFAULT, 2); UPDATE t SET v = 5 WHERE id = 1',
    )
    const story = await expectPresent(world)
    expect(story.at(-1)).toContain('1=105')
  })

  test(`${kind}: a trigger after a row that changes another row of the same statement`, async () => {
    await using world = await openTable(perRow)
    await world.run('INSERT INTO t VALUES (1, DEFAULT, 1), (2, DEFAULT, 2)')
    await world.run(trigger('AFTER UPDATE', 'ROW', 'UPDATE t SET v = v + 100 WHERE id <> NEW.id;'))
    await world.run('UPDATE t SET v = v + 10')
    await expectPresent(world)
  })

  test(`${kind}: a trigger before a row that changes another row of the same statement`, async () => {
    await using world = await openTable(perRow)
    await world.run(
      'INSERT INTO t SELECT i, DEFAULT, i FROM generate_series(1, 3) i'.replace(
        ', DEFAULT,',
        ", 'a',",
      ),
    )
    await world.run(
      trigger(
        'BEFORE UPDATE',
        'ROW',
        'IF NEW.id = 3 THEN UPDATE t SET v = v + 100 WHERE id = 1; END IF;',
      ),
    )
    await world.run('UPDATE t SET v = v + 10')
    await expectPresent(world)
  })

  test(`${kind}: a trigger that deletes what was just stored`, async () => {
    await using world = await openTable(perRow)
    await world.run(
      trigger('AFTER INSERT', 'ROW', 'DELETE FROM t WHERE id = NEW.id AND NEW.v < 0;'),
    )
    await world.run('INSERT INTO t VALUES (1, DEFAULT, -1), (2, DEFAULT, 2)')
    expect(await expectPresent(world)).toEqual(perRow ? expect.anything() : ['d a 1=-1', 'c a 2=2'])
  })

  test(`${kind}: a trigger that stores again what the same statement deletes`, async () => {
    await using world = await openTable(perRow)
    await world.run('INSERT INTO t VALUES (1, DEFAULT, 1), (2, DEFAULT, 2), (3, DEFAULT, 3)')
    await world.run(
      trigger(
        'AFTER DELETE',
        'ROW',
        "INSERT INTO t SELECT i, 'a', 9 FROM generate_series(1, 3) i ON CONFLICT DO NOTHING;",
      ),
    )
    await world.run('DELETE FROM t')
    await expectPresent(world)
  })

  test(`${kind}: a row that others deleted is stored again by a transaction that sees it still`, async () => {
    await using world = await openTable(perRow)
    await world.run("INSERT INTO t VALUES (1, 'a', 1)")
    await world.run(trigger('AFTER UPDATE', 'ROW', 'NULL;'))
    const other = await world.session()
    await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM t')
    await world.run('DELETE FROM t')
    await other.query("INSERT INTO t VALUES (1, 'a', 2); COMMIT")
    expect(await expectPresent(world)).toEqual(['c a 1=1', 'd a 1=1', 'c a 1=2'])
  })

  test(`${kind}: a trigger after the statement that changes its rows`, async () => {
    await using world = await openTable(perRow)
    await world.run(trigger('AFTER INSERT OR UPDATE', 'STATEMENT', 'UPDATE t SET v = v + 100;'))
    await world.run('INSERT INTO t VALUES (1, DEFAULT, 1); UPDATE t SET v = 5')
    await expectPresent(world)
  })

  test(`${kind}: a trigger that moves the row to another key`, async () => {
    await using world = await openTable(perRow)
    await world.run(trigger('AFTER UPDATE', 'ROW', "UPDATE t SET k = 'moved' WHERE id = NEW.id;"))
    await world.run('INSERT INTO t VALUES (1, DEFAULT, 1); UPDATE t SET v = 2')
    const story = await world.story('topic-t', show)
    const byKey = new Map<string, string>()
    for (const line of story) {
      const [op, key = ''] = line.split(' ')
      if (op === 'd') byKey.delete(key)
      else byKey.set(key, line)
    }
    expect([...byKey.keys()]).toEqual(['moved'])
  })

  test(`${kind}: a table that refers to itself and cascades`, async () => {
    await using world = await openTable(perRow)
    await world.run(
      'ALTER TABLE t ADD FOREIGN KEY (v) REFERENCES t ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED',
    )
    await world.run('INSERT INTO t VALUES (1, DEFAULT, NULL), (2, DEFAULT, 1), (3, DEFAULT, 2)')
    await world.run('UPDATE t SET id = id + 10')
    await world.run('DELETE FROM t WHERE id = 11')
    await expectPresent(world)
  })

  test(`${kind}: partitions, also new ones, attached ones, and rows that move between them`, async () => {
    await using world = await openOutboxWorld()
    await world.run(`CREATE TABLE t (id int, k text DEFAULT 'a', v int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
      CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10);
      SELECT cdc.attach('t', 'topic-t', 'k', ${perRow});
      CREATE TABLE t_mid PARTITION OF t FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
      CREATE TABLE t_mid_1 PARTITION OF t_mid FOR VALUES FROM (10) TO (20);
      CREATE TABLE t_high (v int, id int NOT NULL, k text);
      ALTER TABLE t ATTACH PARTITION t_high FOR VALUES FROM (20) TO (30)`)
    await world.run(`INSERT INTO t VALUES (1, 'a', 1), (11, 'a', 11), (21, 'a', 21);
      INSERT INTO t_low VALUES (2, 'a', 2); INSERT INTO t_mid VALUES (12, 'a', 12); INSERT INTO t_mid_1 VALUES (13, 'a', 13);
      INSERT INTO t_high VALUES (22, 22, 'a')`)
    expect(await world.story('topic-t', show)).toHaveLength(7)
    await world.run(`UPDATE t SET v = v + 100; UPDATE t_high SET v = v + 1; DELETE FROM t WHERE id = 11; DELETE FROM t_low WHERE id = 2;
      UPDATE t SET id = 25 WHERE id = 1`)
    const {rows} = await world.client.query<{id: number; v: number}>('SELECT id, v FROM t')
    const all = (
      await world.client.query<{op: string; payload: Record<string, Record<string, unknown>>}>(
        "SELECT op, payload FROM outbox_events WHERE topic = 'topic-t' ORDER BY id",
      )
    ).rows
    const held = new Map<unknown, string>()
    for (const {op, payload} of all) {
      const row = op === 'u' ? payload['after']! : op === 'd' ? payload['before']! : payload
      if (op === 'd') held.delete(row['id'])
      else held.set(row['id'], show(row))
    }
    expect([...held.values()].toSorted()).toEqual(rows.map(show).toSorted())
    await expect(world.run('TRUNCATE t_mid_1')).rejects.toThrow('is refused')
    expect((await world.client.query('SELECT * FROM cdc.check()')).rows).toEqual([])
  })
}

test('without triggers of others an insert looks nothing up; with one it does, and not when it is gone', async () => {
  await using world = await openTable()
  const isChecked = async (): Promise<boolean> => {
    const {rows} = await world.client.query<{prosrc: string}>(
      "SELECT prosrc FROM pg_proc WHERE proname LIKE 'capture_public_t_%_insert'",
    )
    return rows[0]!.prosrc.includes('LATERAL')
  }
  expect(await isChecked()).toBe(false)
  await world.run(trigger('AFTER UPDATE', 'ROW', 'NULL;'))
  expect(await isChecked()).toBe(true)
  await world.run('DROP TRIGGER a_trigger ON t')
  expect(await isChecked()).toBe(false)
})

test('a trigger of ours that is dropped comes back', async () => {
  await using world = await openTable()
  await world.run('DROP TRIGGER cdc_insert ON t; INSERT INTO t VALUES (1)')
  expect(await world.captured('topic-t')).toHaveLength(1)
})

test('new columns are captured, and a new primary key is followed', async () => {
  await using world = await openTable()
  await world.run('ALTER TABLE t ADD COLUMN extra int DEFAULT 7; INSERT INTO t VALUES (1)')
  expect((await world.captured('topic-t'))[0]?.payload).toMatchObject({extra: 7})
  await world.run(`ALTER TABLE t ALTER COLUMN extra SET NOT NULL; ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (extra);
    UPDATE t SET id = 2; UPDATE t SET extra = 8`)
  const rows = await world.captured('topic-t')
  expect(rows.map(row => `${row.op} ${row.aggregate_id}`)).toEqual(['u 7', 'd 7', 'c 8'])
})

test('a renamed table is still captured, and another may take its name', async () => {
  await using world = await openTable()
  await world.run(`ALTER TABLE t RENAME TO t2; CREATE TABLE t (id int PRIMARY KEY, k text, v int); SELECT cdc.attach('t', 'topic-new', 'k');
    INSERT INTO t2 VALUES (1); INSERT INTO t VALUES (2)`)
  expect(await world.captured('topic-t')).toHaveLength(1)
  const {rows} = await world.client.query("SELECT FROM outbox_events WHERE topic = 'topic-new'")
  expect(rows).toHaveLength(1)
})

test('a dropped table leaves nothing behind', async () => {
  await using world = await openTable()
  await world.run('DROP TABLE t')
  const {rows} = await world.client.query(
    "SELECT FROM pg_proc WHERE proname LIKE 'capture_public_t_%' UNION ALL SELECT FROM cdc.captured_tables WHERE topic = 'topic-t'",
  )
  expect(rows).toHaveLength(0)
})

test('another user can change a captured table without rights on the outbox', async () => {
  await using world = await openTable()
  await world.run(`CREATE ROLE ${world.database.name}; GRANT ALL ON t TO ${world.database.name}; SET ROLE ${world.database.name};
    INSERT INTO t VALUES (1); UPDATE t SET v = 2; DELETE FROM t; RESET ROLE;
    REVOKE ALL ON t FROM ${world.database.name}; DROP ROLE ${world.database.name}`)
  expect(await world.captured('topic-t')).toHaveLength(3)
})

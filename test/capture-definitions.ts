/**
 * Statements that change the definition of the captured table, and what a reader has to be told of them: the
 * mark goes into the outbox in the transaction of the change, so that one that is rolled back is not heard of.
 */
import {
  columnsOf,
  idOf,
  keyOf,
  keyValue,
  pick,
  type Args,
  type Write,
} from './capture-statements.ts'
import type {Mark} from './capture-reader.ts'
import {MARKS, type Column, type TableState} from './capture-table.ts'

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`
const ident = (text: string): string => `"${text.replaceAll('"', '""')}"`
const NOTHING = 'SELECT'

const mark = (of: Mark): string => `SELECT cdc.emit('${MARKS}', NULL, ${quote(JSON.stringify(of))})`

const TABLE_NAMES = ['t', 't2', 'T "3', 'select'] as const
const SCHEMA_NAMES = ['w', 'w2', 'w3'] as const
const KEY_NAMES = ['k', 'K 2', 'payload', '"!n"'] as const
const RANGES = [
  [1, 5],
  [5, 9],
  [9, 13],
  [13, 17],
  [17, 40],
  [41, 49],
  [51, 59],
] as const
/** Names of parts begin with what they are called and the number of their range. */
const partOf = (table: TableState, what: 'part' | 'loose', a: Args): string =>
  `${table.schema}.${what}${a.n % RANGES.length}_${a.m % 3}`

/** Columns beside id, key and `v`, which triggers of the application name. */
const othersOf = (table: TableState): readonly Column[] => table.columns.filter(one => one.num > 3)

const withOther = (table: TableState, n: number, write: (other: Column) => string): string => {
  const other = pick(othersOf(table), n)
  return other === undefined ? NOTHING : write(other)
}

const renameColumn = (table: TableState, from: Column, to: string): string =>
  `ALTER TABLE ${table.name} RENAME COLUMN ${from.name} TO ${ident(to)}; ${mark({rename: [from.raw, to]})}`

const ADDED = [
  ['int DEFAULT 7', 7],
  ["text DEFAULT 'x'", 'x'],
  ['d.mail', null],
  ['numeric DEFAULT random()', undefined],
  ["timestamptz DEFAULT '2026-01-02 00:00+00'", '2026-01-02T00:00:00+00:00'],
] as const

const RENAMES = {
  renameTable: (t, a) => `ALTER TABLE ${t.name} RENAME TO ${ident(pick(TABLE_NAMES, a.n)!)}`,
  setSchema: (t, a) => `ALTER TABLE ${t.name} SET SCHEMA ${pick(SCHEMA_NAMES, a.n)!}`,
  renameSchema: (t, a) => `ALTER SCHEMA ${t.schema} RENAME TO ${pick(SCHEMA_NAMES, a.n)!}`,
  renameKey: (t, a) => renameColumn(t, keyOf(t), pick(KEY_NAMES, a.n)!),
  renameId: (t, a) => renameColumn(t, idOf(t), a.n % 2 === 0 ? 'id' : 'number'),
  renameOther: (t, a) =>
    withOther(t, a.n, other => renameColumn(t, other, `${other.raw}_`.slice(0, 9))),
  /** Another table under a name of this one, and rows of it. */
  oldName(t, a) {
    const name = pick(
      TABLE_NAMES.filter(one => one !== t.relname),
      a.n,
    )!
    const temporary = a.m % 5 === 0
    const other = temporary ? `pg_temp.${ident(name)}` : `${t.schema}.${ident(name)}`
    return `CREATE ${temporary ? 'TEMP ' : ''}TABLE IF NOT EXISTS ${other} (id int PRIMARY KEY, k text, v int);
      INSERT INTO ${other} SELECT i, 'other', 1 FROM generate_series(1, 9) i ON CONFLICT DO NOTHING; UPDATE ${other} SET v = v + 1`
  },
} satisfies Readonly<Record<string, Write>>

const COLUMNS = {
  addColumn(t, a) {
    const [type, value] = pick(ADDED, a.n)!
    const name = `c${a.m % 4}`
    const added: Mark = value === undefined ? {add: name} : {add: name, value}
    return `ALTER TABLE ${t.name} ADD COLUMN ${name} ${type}; ${mark(added)}`
  },
  addGenerated: (t, a) =>
    `ALTER TABLE ${t.name} ADD COLUMN g${a.m % 2} int GENERATED ALWAYS AS (v * ${a.n}) ${a.n % 2 === 0 ? 'STORED' : 'VIRTUAL'}; ${mark({add: `g${a.m % 2}`})}`,
  setExpression(t, a) {
    const one = pick(
      t.columns.filter(({generated}) => generated !== ''),
      a.n,
    )
    if (one === undefined) return NOTHING
    return `ALTER TABLE ${t.name} ALTER COLUMN ${one.name} SET EXPRESSION AS (v + ${a.n}); ${mark({blur: one.raw})}`
  },
  dropColumn: (t, a) =>
    withOther(
      t,
      a.n,
      other => `ALTER TABLE ${t.name} DROP COLUMN ${other.name}; ${mark({drop: [other.raw]})}`,
    ),
  /** Values are as good as new ones; nobody tells of them. */
  retypeOther: (t, a) =>
    withOther(
      t,
      a.n,
      other =>
        `ALTER TABLE ${t.name} ALTER COLUMN ${other.name} DROP DEFAULT, ALTER COLUMN ${other.name} TYPE text USING 'again'; ${mark({blur: other.raw})}`,
    ),
  /** Only where no text becomes another one: what readers know rows by would be wrong for ever. */
  retypeId(t) {
    const {name, raw, type} = idOf(t)
    return type === 'numeric' || type === 'text'
      ? `ALTER TABLE ${t.name} ALTER COLUMN ${name} TYPE text; ${mark({quote: raw})}`
      : `ALTER TABLE ${t.name} ALTER COLUMN ${name} TYPE numeric`
  },
  retypeKey(t, a) {
    const {name, raw, type} = keyOf(t)
    if (type === 'numeric')
      return `ALTER TABLE ${t.name} ALTER COLUMN ${name} TYPE text; ${mark({quote: raw})}`
    const isText = /^(text|d\.mail|character varying.*)$/.test(type)
    return isText
      ? `ALTER TABLE ${t.name} ALTER COLUMN ${name} TYPE ${pick(['text', 'varchar(20)', 'd.mail'], a.n)!}`
      : NOTHING
  },
  /** Columns of the domain go, unless one of them is needed. */
  dropDomain(t) {
    if (t.isolation !== 'read committed') return NOTHING
    return `LOCK TABLE ${t.name} IN ACCESS EXCLUSIVE MODE;
      SELECT cdc.emit('${MARKS}', NULL, json_build_object('drop', (SELECT json_agg(a.attname) FROM pg_attribute a
        WHERE a.attrelid = ${t.oid} AND NOT a.attisdropped AND a.atttypid = to_regtype('d.mail'))));
      DROP DOMAIN d.mail CASCADE`
  },
  otherPrimaryKey(t, a) {
    const [id, key] = [idOf(t), keyOf(t)]
    const v = t.columns.find(({num}) => num === 3) ?? key
    const columns = pick([[id], [id, key], [key, id], [id, v], [v, id]], a.n)!
    return `ALTER TABLE ${t.name} DROP CONSTRAINT ${t.primaryKeyName}, ADD PRIMARY KEY (${columns.map(({name}) => name).join(', ')}); ${mark({primaryKey: columns.map(({raw}) => raw)})}`
  },
} satisfies Readonly<Record<string, Write>>

const bounds = (n: number): string => {
  const [from, to] = pick(RANGES, n)!
  return `FOR VALUES FROM (${from}) TO (${to})`
}
const onlyParted = (t: TableState, sql: string): string => (t.parts.length > 0 ? sql : NOTHING)

const PARTITIONS = {
  createPart: (t, a) =>
    onlyParted(t, `CREATE TABLE ${partOf(t, 'part', a)} PARTITION OF ${t.name} ${bounds(a.n)}`),
  createDefault: (t, a) =>
    onlyParted(t, `CREATE TABLE ${t.schema}.rest${a.m} PARTITION OF ${t.name} DEFAULT`),
  createSubparts(t, a) {
    const part = partOf(t, 'part', a)
    return onlyParted(
      t,
      `CREATE TABLE ${part} PARTITION OF ${t.name} ${bounds(a.n)} PARTITION BY RANGE (${idOf(t).name}); CREATE TABLE ${part}_all PARTITION OF ${part} DEFAULT`,
    )
  },
  createPartWithSchema: (t, a) =>
    onlyParted(
      t,
      `CREATE SCHEMA made CREATE TABLE made.part${a.n % RANGES.length}_${a.m % 3} PARTITION OF ${t.name} ${bounds(a.n)}`,
    ),
  attachEmpty(t, a) {
    const loose = partOf(t, 'loose', a)
    return onlyParted(
      t,
      `CREATE TABLE ${loose} (LIKE ${t.name} INCLUDING ALL); ALTER TABLE ${t.name} ATTACH PARTITION ${loose} ${bounds(a.n)}`,
    )
  },
  /** Some that no other part has, mostly. */
  attachFilled(t, a) {
    const n = a.n % 2 === 0 ? 5 : 6
    const loose = partOf(t, 'loose', {...a, n})
    return onlyParted(
      t,
      `CREATE TABLE ${loose} (LIKE ${t.name} INCLUDING ALL);
      INSERT INTO ${loose} (${columnsOf(t)}) SELECT i + ${RANGES[n][0] - 1}, ${keyValue(t, a.m)}, ${a.m} FROM unnest('{${a.ids.join()}}'::int[]) i;
      ALTER TABLE ${t.name} ATTACH PARTITION ${loose} ${bounds(n)}`,
    )
  },
  attachAgain(t, a) {
    const loose = pick(t.loose, a.m)
    if (loose === undefined) return NOTHING
    const [, name, n] = /(low|rest|part|loose)(\d*)/.exec(loose) ?? []
    return `ALTER TABLE ${t.name} ATTACH PARTITION ${loose} ${name === 'rest' ? 'DEFAULT' : bounds(Number(n ?? 0))}`
  },
  moveOutOfDefault(t, a) {
    const rest = t.parts.find(({isDefault}) => isDefault)
    if (rest === undefined) return NOTHING
    const loose = partOf(t, 'loose', a)
    const [from, to] = pick(RANGES, a.n)!
    const columns = t.columns.filter(one => one.generated === '').map(({name}) => name)
    return `CREATE TABLE ${loose} (LIKE ${t.name} INCLUDING ALL);
      WITH moved AS (DELETE FROM ONLY ${rest.name} WHERE ${idOf(t).name} >= ${from} AND ${idOf(t).name} < ${to} RETURNING ${columns.join(', ')})
        INSERT INTO ${loose} (${columns.join(', ')}) SELECT ${columns.join(', ')} FROM moved;
      ALTER TABLE ${t.name} ATTACH PARTITION ${loose} FOR VALUES FROM (${from}) TO (${to})`
  },
  detach: (t, a) => detach(t, a, ''),
  detachDelete: (t, a) => detach(t, a, "SET LOCAL cdc.detached_rows = 'delete';"),
  detachKeep: (t, a) => detach(t, a, "SET LOCAL cdc.detached_rows = 'keep';"),
  dropPart(t, a) {
    const part = pick(t.parts, a.m)
    return part === undefined ? NOTHING : `DROP TABLE ${part.name}`
  },
} satisfies Readonly<Record<string, Write>>

/** The mark names what stays, as it is when nobody else can change it any more. */
function detach(t: TableState, a: Args, setting: string): string {
  const part = pick(t.parts, a.m)
  if (part === undefined) return NOTHING
  const {name, raw} = idOf(t)
  return `${setting} ALTER TABLE ${t.name} DETACH PARTITION ${part.name};
    SELECT cdc.emit('${MARKS}', NULL, json_build_object('keep', json_build_object('column', ${quote(raw)}, 'values',
      CASE WHEN current_setting('transaction_isolation') = 'read committed'
           THEN (SELECT coalesce(json_agg(x.${name}::text), '[]') FROM ${part.name} x) END)))
     WHERE current_setting('cdc.detached_rows', true) = 'keep'`
}

/** Bodies of triggers of the application; $t is the table by its oid, whatever it is called. */
const BODIES = [
  ['BEFORE INSERT OR UPDATE', 'ROW', 'NEW.v := coalesce(NEW.v, 0) + 1;'],
  ['BEFORE INSERT OR UPDATE', 'ROW', 'NEW.$k := $value;'],
  ['BEFORE UPDATE', 'ROW', "EXECUTE 'UPDATE $t SET v = v + 1 WHERE v > $1' USING NEW.v;"],
  [
    'AFTER INSERT OR UPDATE',
    'ROW',
    "EXECUTE 'UPDATE $t SET v = v + 100 WHERE v = $1' USING NEW.v;",
  ],
  ['AFTER UPDATE', 'ROW', "EXECUTE 'UPDATE $t SET v = v + 3 WHERE v <> $1' USING NEW.v;"],
  ['AFTER UPDATE', 'ROW', "EXECUTE 'UPDATE $t SET $id = $moved WHERE v = $1' USING NEW.v;"],
  ['AFTER INSERT', 'ROW', "EXECUTE 'DELETE FROM $t WHERE v = $1 AND v > 50' USING NEW.v;"],
  [
    'AFTER DELETE',
    'ROW',
    "EXECUTE 'INSERT INTO $t ($id, $k, v) SELECT i::text::$type, $1, 1 FROM generate_series(1, 8) i ON CONFLICT DO NOTHING' USING OLD.$k;",
  ],
  ['AFTER INSERT OR UPDATE', 'STATEMENT', "EXECUTE 'UPDATE $t SET v = v + 10 WHERE v < 50';"],
  ['AFTER DELETE', 'STATEMENT', "EXECUTE 'UPDATE $t SET v = v + 1';"],
  ['deferred', 'ROW', "EXECUTE 'UPDATE $t SET v = v + 1 WHERE v = $1' USING NEW.v;"],
] as const

const TRIGGERS = {
  createTrigger(t, a) {
    const [when, each, template] = pick(BODIES, a.n)!
    const [id, key] = [idOf(t), keyOf(t)]
    const on =
      when === 'deferred' || a.m % 4 > 0 ? t.name : (pick(t.parts, a.m >> 2)?.name ?? t.name)
    const body = template
      .replaceAll('$type', id.type)
      .replaceAll('$id', id.name)
      .replaceAll('$k', key.name)
      .replaceAll('$value', keyValue(t, a.m))
      .replaceAll('$moved', `(${id.name}::text::numeric + 16)::text::${id.type}`)
      .replaceAll('$t', `' || ${t.oid}::regclass || '`)
    const name = ident(`${a.m % 3 === 0 ? ' ' : ''}user_${a.n % BODIES.length}`)
    const timing =
      when === 'deferred'
        ? `CONSTRAINT TRIGGER ${name} AFTER INSERT OR UPDATE ON ${on} DEFERRABLE INITIALLY DEFERRED`
        : `TRIGGER ${name} ${when} ON ${on}`
    return `CREATE OR REPLACE FUNCTION f.user_${a.n % BODIES.length}_${a.session}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
        AS $body$ BEGIN ${body} RETURN ${when.startsWith('BEFORE') ? 'NEW' : 'NULL'}; END $body$;
      CREATE ${timing} FOR EACH ${each} WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION f.user_${a.n % BODIES.length}_${a.session}()`
  },
  dropTrigger(t, a) {
    const one = pick(t.triggers, a.n)
    return one === undefined ? NOTHING : `DROP TRIGGER ${one.name} ON ${one.on}`
  },
  disableTriggers: (t, a) =>
    `ALTER TABLE ${onOf(t, a)} DISABLE TRIGGER ${a.n % 3 === 0 ? 'USER' : 'ALL'}`,
  enableTriggers: (t, a) =>
    `ALTER TABLE ${onOf(t, a)} ENABLE TRIGGER ${a.n % 3 === 0 ? 'USER' : 'ALL'}`,
  dropOurs: (t, a) =>
    `DROP TRIGGER ${pick(['cdc_truncate', 'cdc_insert', 'cdc_update', '"!cdc_delete"'], a.n)!} ON ${onOf(t, a)}`,
} satisfies Readonly<Record<string, Write>>

const onOf = (t: TableState, a: Args): string =>
  (a.m % 3 === 0 ? pick(t.parts, a.m)?.name : undefined) ?? t.name

/** What is always refused, each by itself. */
export const REFUSED = {
  dropKey: t => `ALTER TABLE ${t.name} DROP COLUMN ${keyOf(t).name}`,
  dropId: t => `ALTER TABLE ${t.name} DROP COLUMN ${idOf(t).name}`,
  dropPrimaryKey: t => `ALTER TABLE ${t.name} DROP CONSTRAINT ${t.primaryKeyName}`,
  deferPrimaryKey: t =>
    `ALTER TABLE ${t.name} DROP CONSTRAINT ${t.primaryKeyName}, ADD PRIMARY KEY (${idOf(t).name}) DEFERRABLE`,
  unlog: t => `ALTER TABLE ${t.name} SET UNLOGGED`,
  inherit: (t, a) => `CREATE TABLE f.child${a.session} () INHERITS (${t.name})`,
  becomePart: (
    t,
    a,
  ) => `CREATE TABLE f.above${a.session} (LIKE ${t.name} INCLUDING ALL) PARTITION BY RANGE (${idOf(t).name});
    ALTER TABLE f.above${a.session} ATTACH PARTITION ${t.name} DEFAULT`,
} satisfies Readonly<Record<string, Write>>

export const DEFINITIONS = {
  ...RENAMES,
  ...COLUMNS,
  ...PARTITIONS,
  ...TRIGGERS,
  ...REFUSED,
  dropTable: t => `DROP TABLE ${t.name}`,
} satisfies Readonly<Record<string, Write>>

/** The captured table of a drawn history: what it can be at first, and what a session sees of it now. */
import type {Client} from '../platform/postgres.ts'

export const TOPIC = 'topic-t'
/** Topic of marks: which change of the definition was committed where among the records. */
export const MARKS = 'definition'

/** Types of the key column: printed by settings, equal under other texts, or going with a domain. */
export const KEY_TYPES = ['text', 'd.mail', 'timestamptz', 'numeric', 'interval', 'bytea'] as const

export interface Setup {
  readonly isPartitioned: boolean
  readonly key: (typeof KEY_TYPES)[number]
  /** Of a partitioned table it is an integer. */
  readonly id: 'int' | 'numeric' | 'text'
  readonly primaryKey: 'id' | 'id, k' | 'k, id'
  readonly perRow: boolean
  readonly generated: 'none' | 'STORED' | 'VIRTUAL'
}

export interface Column {
  /** Quoted where it must be. */
  readonly name: string
  readonly raw: string
  readonly num: number
  readonly type: string
  readonly generated: '' | 's' | 'v'
}

export interface TableState {
  /** With its schema, quoted. */
  readonly name: string
  readonly schema: string
  readonly relname: string
  readonly oid: number
  readonly isolation: string
  readonly primaryKeyName: string | null
  readonly primaryKey: readonly string[]
  readonly columns: readonly Column[]
  readonly parts: ReadonlyArray<{readonly name: string; readonly isDefault: boolean}>
  /** Tables that are no partitions, but were or may become some. */
  readonly loose: readonly string[]
  /** Triggers of the application, each with its table. */
  readonly triggers: ReadonlyArray<{readonly name: string; readonly on: string}>
}

const SCHEMAS = ['w', 'w2', 'w3', 'made', 'd', 'f'] as const

/** Takes away what the history before left, whatever it was; nobody looks. */
const CLEAN = `SET cdc.is_attaching = on;
  ${SCHEMAS.map(name => `DROP SCHEMA IF EXISTS ${name} CASCADE;`).join(' ')}
  SELECT cdc.drop_functions(capture_name) FROM cdc.captured_tables WHERE topic = '${TOPIC}';
  DELETE FROM cdc.captured_tables WHERE topic = '${TOPIC}'; DELETE FROM cdc.backfills;
  RESET cdc.is_attaching`

const keyLiteral = (key: Setup['key']): string =>
  ({
    text: "'a'",
    'd.mail': "'a'",
    numeric: '1.0',
    timestamptz: "'2026-01-02 03:04:05.000006+00'::timestamptz",
    interval: "interval '1 day'",
    bytea: "'\\x01ff'::bytea",
  })[key]

function createSql({isPartitioned, key, id, primaryKey, perRow, generated}: Setup): string {
  const more = generated === 'none' ? '' : `, g int GENERATED ALWAYS AS (v * 2) ${generated}`
  return `CREATE SCHEMA w; CREATE SCHEMA w2; CREATE SCHEMA d; CREATE SCHEMA f; CREATE DOMAIN d.mail AS text;
    CREATE TABLE w.t (id ${isPartitioned ? 'int' : id} NOT NULL, k ${key}, v int, c0 text DEFAULT 'c'${more},
      PRIMARY KEY (${primaryKey})) ${isPartitioned ? 'PARTITION BY RANGE (id)' : ''};
    ${isPartitioned ? 'CREATE TABLE w.low PARTITION OF w.t FOR VALUES FROM (1) TO (5); CREATE TABLE w.rest PARTITION OF w.t DEFAULT;' : ''}
    SELECT cdc.attach('w.t', '${TOPIC}', 'k', ${perRow});
    INSERT INTO w.t (id, k, v) SELECT i, ${keyLiteral(key)}, 10 * i FROM generate_series(1, 8) i`
}

/** A fresh table, captured. Answers its oid. */
export async function makeTable(client: Client, setup: Setup): Promise<number> {
  await client.query(CLEAN)
  await client.query(createSql(setup))
  const {rows} = await client.query<{oid: number}>("SELECT 'w.t'::regclass::oid AS oid")
  return rows[0]!.oid
}

const STATE = `SELECT json_build_object(
  'name', format('%I.%I', n.nspname, c.relname), 'schema', quote_ident(n.nspname), 'relname', c.relname, 'oid', c.oid::bigint,
  'isolation', current_setting('transaction_isolation'),
  'primaryKeyName', (SELECT quote_ident(o.conname) FROM pg_constraint o WHERE o.conrelid = c.oid AND o.contype = 'p'),
  'primaryKey', (SELECT coalesce(json_agg(a.attname ORDER BY k.n), '[]') FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k (num, n), pg_attribute a
                  WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.num),
  'columns', (SELECT json_agg(json_build_object('name', quote_ident(a.attname), 'raw', a.attname, 'num', a.attnum,
                       'type', format_type(a.atttypid, a.atttypmod), 'generated', a.attgenerated) ORDER BY a.attnum)
                FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'parts', (SELECT coalesce(json_agg(json_build_object('name', format('%I.%I', pn.nspname, p.relname),
                       'isDefault', pg_get_expr(p.relpartbound, p.oid) = 'DEFAULT') ORDER BY p.relname), '[]')
              FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhparent = c.oid),
  'loose', (SELECT coalesce(json_agg(format('%I.%I', pn.nspname, p.relname) ORDER BY p.relname), '[]')
              FROM pg_class p JOIN pg_namespace pn ON pn.oid = p.relnamespace
             WHERE pn.nspname IN ('w', 'w2', 'w3', 'made') AND p.relkind IN ('r', 'p') AND NOT p.relispartition AND p.relname ~ '^(low|rest|part|loose)'),
  'triggers', (SELECT coalesce(json_agg(json_build_object('name', quote_ident(g.tgname), 'on', format('%I.%I', pn.nspname, p.relname)) ORDER BY g.tgname), '[]')
                 FROM pg_trigger g JOIN pg_class p ON p.oid = g.tgrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
                WHERE g.tgname ~ 'user_' AND NOT g.tgisinternal AND g.tgparentid = 0)) AS state
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1`

/** The table as a session sees it; undefined: it is gone. @throws where the transaction has failed */
export async function readState(client: Client, oid: number): Promise<TableState | undefined> {
  const {rows} = await client.query<{state: TableState}>(STATE, [oid])
  return rows[0]?.state
}

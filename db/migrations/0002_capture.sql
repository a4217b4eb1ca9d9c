CREATE FUNCTION cdc.key_hash(key text, fallback text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (hashtextextended(coalesce(key, fallback) COLLATE "C", 0) & 1023)::smallint
$$;
--> statement-breakpoint
-- Fixes every setting by which PostgreSQL prints a value or a name: keys, ids and images are one text, whoever
-- writes and whoever reads them again.
CREATE FUNCTION cdc.fix_texts(fn regprocedure) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE setting text;
BEGIN
  FOREACH setting IN ARRAY ARRAY['search_path = pg_catalog, pg_temp', 'TimeZone = ''UTC''', 'DateStyle = ''ISO, YMD''',
    'IntervalStyle = ''iso_8601''', 'extra_float_digits = 1', 'bytea_output = ''hex''', 'lc_monetary = ''C''',
    'quote_all_identifiers = off']
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET %s', fn, setting);
  END LOOP;
END $fn$;
--> statement-breakpoint
-- A value as the triggers print it, whoever asks.
CREATE FUNCTION cdc.printed(value anyelement) RETURNS text LANGUAGE sql STABLE AS 'SELECT value::text';
--> statement-breakpoint
SELECT cdc.fix_texts('cdc.printed(anyelement)');
--> statement-breakpoint
-- Whether a text is a value of a type; pg_input_is_valid(), which PostgreSQL 16 brought, where there is one.
CREATE FUNCTION cdc.is_valid(value text, type text) RETURNS boolean LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
  IF current_setting('server_version_num')::integer >= 160000 THEN RETURN pg_input_is_valid(value, type); END IF;
  RETURN cdc.can_be_read(value, type);
END $$;
--> statement-breakpoint
CREATE FUNCTION cdc.can_be_read(value text, type text) RETURNS boolean LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
  EXECUTE format('SELECT %L::%s', value, type);
  RETURN true;
EXCEPTION WHEN OTHERS THEN
  RETURN false;
END $$;
--> statement-breakpoint
-- A text as JSON: itself where it is JSON, else a string of it. What is nested too deeply is none either.
CREATE FUNCTION cdc.to_json_text(value text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  PERFORM value::json;
  RETURN value;
EXCEPTION WHEN OTHERS THEN
  RETURN to_json(value)::text;
END $$;
--> statement-breakpoint
-- Headers of this transaction: SET LOCAL cdc.traceparent = '…', SET LOCAL cdc.annotations = '{"by": "…"}'.
-- What is not JSON travels as a string, and what is travels as it is: a writer never fails because of a header.
CREATE FUNCTION cdc.session_headers() RETURNS json LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN trace IS NOT NULL OR notes IS NOT NULL THEN
           ('{' || concat_ws(',', '"traceparent":' || to_json(trace)::text, '"annotations":' || cdc.to_json_text(notes)) || '}')::json END
    FROM (SELECT nullif(current_setting('cdc.traceparent', true), '') AS trace,
                 nullif(current_setting('cdc.annotations', true), '') AS notes) s
$$;
--> statement-breakpoint
/*
 * Wakes the relay. At most one notifying transaction at a time: none queues behind the lock that NOTIFY
 * takes until its commit is flushed. PREPARE TRANSACTION refuses a transaction that notified, so where
 * transactions can be prepared nobody notifies unless cdc.wake = on: the relay polls.
 */
CREATE FUNCTION cdc.wake() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (CASE current_setting('cdc.wake', true) WHEN 'on' THEN true WHEN 'off' THEN false
           ELSE current_setting('max_prepared_transactions') = '0' END)
     AND pg_try_advisory_xact_lock(913370001)
  THEN PERFORM pg_notify('cdc_outbox', ''); END IF;
END $$;
--> statement-breakpoint
CREATE FUNCTION cdc.refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'TRUNCATE of captured table %.% is refused: its rows would stay in every number',
    TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state',
          HINT = format('Use DELETE, or SELECT cdc.detach(%L) first.', TG_RELID::regclass);
END $$;
--> statement-breakpoint
CREATE TABLE cdc.captured_tables (
  source regclass PRIMARY KEY,
  -- A topic has one schema, so it has one table.
  topic text NOT NULL UNIQUE,
  key_column name NOT NULL,
  -- The column itself, whatever its name becomes.
  key_attnum smallint NOT NULL,
  per_row boolean NOT NULL,
  -- Functions of its triggers: capture_<name>_insert and so on.
  capture_name text NOT NULL UNIQUE,
  -- Columns that those functions name, and what they were called.
  attnums smallint[] NOT NULL DEFAULT '{}',
  names name[] NOT NULL DEFAULT '{}',
  -- What the triggers were made for; when it changes they are made again.
  shape text NOT NULL,
  attached_at timestamptz NOT NULL DEFAULT now()
);
--> statement-breakpoint
-- Topics of the declared streams, as `npm run init` saw them last; none: init was never run.
CREATE TABLE cdc.declared_topics (topic text PRIMARY KEY);
--> statement-breakpoint
-- Columns of their tables as the declarations have them, as `npm run init` saw them last. One that the table has and
-- that stands here neither as declared nor as left out is new.
CREATE TABLE cdc.declared_columns (
  topic text REFERENCES cdc.declared_topics ON DELETE CASCADE,
  name name,
  is_declared boolean NOT NULL,
  -- The column itself, whatever its name becomes; null: the table has none.
  attnum smallint,
  -- Types whose values are carried; null: those of all.
  types text[],
  -- Of a numeric that is carried with its digits: so many before the point, and behind it.
  whole_digits integer,
  scale integer,
  is_nullable boolean NOT NULL DEFAULT true,
  PRIMARY KEY (topic, name)
);
--> statement-breakpoint
CREATE FUNCTION cdc.primary_key_of(source regclass) RETURNS name[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(a.attname ORDER BY k.ord)
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(attnum, ord)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
   WHERE i.indrelid = source AND i.indisprimary
$$;
--> statement-breakpoint
-- Types of which values that are equal are one text; of others they need not be (1.0 and 1.00, 'a' and 'A').
CREATE FUNCTION cdc.is_exact(type oid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT type = ANY ('{int2, int4, int8, oid, uuid, bool, date, timestamp, timestamptz, time}'::regtype[]::oid[])
$$;
--> statement-breakpoint
-- SQL of a row's id as text: primary key columns of alias t, joined by commas; commas within them have a backslash
-- before them (chr(92): sessions differ in what a backslash in SQL means), so that two rows never have one id.
CREATE FUNCTION cdc.id_sql(source regclass, alias text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(CASE WHEN c.most = 1 OR cdc.is_exact(a.atttypid) THEN format('%s.%I::text', alias, c.name)
                         ELSE format('replace(replace(%s.%I::text, chr(92), chr(92) || chr(92)), '','', chr(92) || '','')', alias, c.name) END,
                    ' || '','' || ' ORDER BY c.ord)
    FROM (SELECT name, ord, count(*) OVER () AS most FROM unnest(cdc.primary_key_of(source)) WITH ORDINALITY u (name, ord)) c
    JOIN pg_attribute a ON a.attrelid = source AND a.attname = c.name
$$;
--> statement-breakpoint
-- SQL that compares primary keys by index and by hash; types from elsewhere, whose operators a fixed
-- search path does not find, as text.
CREATE FUNCTION cdc.same_id_sql(source regclass, one text, other text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(format(CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN '%1$s.%3$I = %2$s.%3$I'
                                ELSE '%1$s.%3$I::text = %2$s.%3$I::text' END, one, other, a.attname), ' AND ' ORDER BY c.ord)
    FROM unnest(cdc.primary_key_of(source)) WITH ORDINALITY c (name, ord)
    JOIN pg_attribute a ON a.attrelid = source AND a.attname = c.name
    JOIN pg_type t ON t.oid = a.atttypid
$$;
--> statement-breakpoint
-- The texts that an id of so many columns was joined of: what is between commas that have no backslash before them.
CREATE FUNCTION cdc.id_parts(id text, parts integer) RETURNS text[] LANGUAGE sql IMMUTABLE SET standard_conforming_strings = on AS $$
  SELECT array_agg(regexp_replace(m[1], '\\(.)', '\1', 'g') ORDER BY n)
    FROM regexp_matches(id, '((?:[^,\\]|\\.)*)(?:,|$)', 'g') WITH ORDINALITY x (m, n) WHERE n <= parts
$$;
--> statement-breakpoint
-- SQL that finds a row by its id as text, by the index of the primary key; an id of several columns is another one when
-- its text is.
CREATE FUNCTION cdc.find_sql(source regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(format('t.%I = %s::%s', a.attname, CASE WHEN c.most = 1 THEN '$1' ELSE format('(cdc.id_parts($1, %s))[%s]', c.most, c.ord) END,
                           format_type(a.atttypid, a.atttypmod)), ' AND ' ORDER BY c.ord)
         || CASE WHEN count(*) > 1 THEN format(' AND (%s) = $1', cdc.id_sql(source, 't')) ELSE '' END
    FROM (SELECT name, ord, count(*) OVER () AS most FROM unnest(cdc.primary_key_of(source)) WITH ORDINALITY u (name, ord)) c
    JOIN pg_attribute a ON a.attrelid = source AND a.attname = c.name
$$;
--> statement-breakpoint
-- SQL of the columns of a row that a trigger has: generated ones that are not stored are null there, so they are
-- computed. Null: all columns as they are.
CREATE FUNCTION cdc.columns_sql(source regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN bool_or(a.attgenerated = 'v') THEN
           string_agg(CASE WHEN a.attgenerated = 'v'
                           THEN format('(%s)::%s AS %I', pg_get_expr(d.adbin, d.adrelid), format_type(a.atttypid, a.atttypmod), a.attname)
                           ELSE quote_ident(a.attname) END, ', ' ORDER BY a.attnum) END
    FROM pg_attribute a
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped
$$;
--> statement-breakpoint
-- Tables that a statement can name: the table itself and, of a partitioned one, every part of it. pg_partition_tree()
-- locks what it finds: statements about other tables would wait for those that change this one. An old snapshot still
-- has the parts that were detached or dropped since; pg_partition_root() knows better, it reads the latest catalog.
CREATE FUNCTION cdc.tables_of(source regclass) RETURNS SETOF regclass LANGUAGE sql STABLE AS $$
  WITH RECURSIVE parts (part) AS (
    SELECT source::oid
    UNION ALL
    SELECT i.inhrelid FROM parts JOIN pg_inherits i ON i.inhparent = part JOIN pg_class c ON c.oid = i.inhrelid
     WHERE c.relispartition AND NOT i.inhdetachpending)
  SELECT part::regclass FROM parts WHERE part = source OR pg_partition_root(part) = coalesce(pg_partition_root(source), source)
$$;
--> statement-breakpoint
/*
 * Whether a statement on the table can lead to further statements on it before its own changes are
 * captured: through triggers of others, or through foreign keys that cascade.
 */
CREATE FUNCTION cdc.is_reentrant(source regclass) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_trigger t JOIN cdc.tables_of(source) x ON x = t.tgrelid
                  WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgname !~ '^!?cdc_')
      OR EXISTS (SELECT FROM pg_constraint c JOIN cdc.tables_of(source) x ON x = c.confrelid
                  WHERE c.contype = 'f' AND (c.confdeltype IN ('c', 'n', 'd') OR c.confupdtype IN ('c', 'n', 'd')))
$$;
--> statement-breakpoint
CREATE FUNCTION cdc.column_name(source regclass, attnum smallint) RETURNS name LANGUAGE sql STABLE AS $$
  SELECT a.attname FROM pg_attribute a WHERE a.attrelid = source AND a.attnum = column_name.attnum AND NOT a.attisdropped
$$;
--> statement-breakpoint
-- Whether logical replication applies changes to a table: it fires no statement triggers.
CREATE FUNCTION cdc.is_subscribed(source regclass) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_subscription_rel s JOIN cdc.tables_of(source) x ON x = s.srrelid)
$$;
--> statement-breakpoint
-- Everything that the triggers of a table depend on. Sessions keep plans of row triggers as the row was when they were
-- made, until the function is made again: that is why every column is part of it.
CREATE FUNCTION cdc.shape_of(source regclass, key_attnum smallint, per_row boolean) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT concat_ws(' ', 'v3', per_row, cdc.is_reentrant(source), format('%I.%I', n.nspname, c.relname), cdc.column_name(source, key_attnum),
                   cdc.id_sql(source, 't'), cdc.same_id_sql(source, 'a', 'b'), cdc.columns_sql(source),
                   (SELECT string_agg(format('%s %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
                      FROM pg_attribute a WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped),
                   CASE WHEN NOT per_row AND cdc.is_subscribed(source) THEN 'subscribed' END)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.oid = source
$$;
--> statement-breakpoint
-- Fills each {name} of a template; what is filled in is not looked at again.
CREATE FUNCTION cdc.fill(template text, parts jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg(m[1] || coalesce(parts ->> m[3], m[2], ''), '' ORDER BY n)
    FROM regexp_matches(template, '([^{]*)([{]([a-z_]*)[}]?)?', 'g') WITH ORDINALITY x (m, n)
$$;
--> statement-breakpoint
-- SQL of a row's key as text.
CREATE FUNCTION cdc.key_sql(key_name name, alias text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(alias || '.' || quote_ident(key_name) || '::text', 'NULL::text')
$$;
--> statement-breakpoint
-- The same, of a captured table: its key column by the name that it has now.
CREATE FUNCTION cdc.key_of(captured cdc.captured_tables, alias text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT cdc.key_sql(cdc.column_name(captured.source, captured.key_attnum), alias)
$$;
--> statement-breakpoint
-- Whether we may read all rows of a table; null: there is no such table.
CREATE FUNCTION cdc.is_readable(source oid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT has_table_privilege(source, 'SELECT') AND NOT row_security_active(source)
$$;
--> statement-breakpoint
-- The row as it is now, found by its id as text whatever the table is called by now.
CREATE FUNCTION cdc.present(source oid, row_id text) RETURNS TABLE (image json, key text) LANGUAGE plpgsql STABLE AS $fn$
DECLARE
  look text := (
    SELECT format('SELECT row_to_json(t.*), %s FROM %s t WHERE %s ORDER BY age(t.xmin) LIMIT 1',
                  cdc.key_of(c, 't'), c.source, cdc.find_sql(c.source))
      FROM cdc.captured_tables c WHERE c.source = present.source AND cdc.is_readable(c.source));
BEGIN
  IF look IS NOT NULL THEN RETURN QUERY EXECUTE look USING row_id; END IF;
END $fn$;
--> statement-breakpoint
-- Whether the last record of a row that this statement wrote has it as it is now.
CREATE FUNCTION cdc.is_told(topic text, row_id text, image json) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT e.op <> 'd' AND (CASE e.op WHEN 'u' THEN e.payload -> 'after' ELSE e.payload END)::text = image::text
                     FROM cdc.outbox_events e
                    WHERE e.txid = pg_current_xact_id() AND e.topic = is_told.topic AND e.aggregate_id = row_id
                      AND e.created_at >= statement_timestamp()
                    ORDER BY e.id DESC LIMIT 1), false)
$$;
--> statement-breakpoint
/*
 * Whether columns are called as they were. A lie in one word: IMMUTABLE makes a session ask when it plans the expression,
 * not for every row, and it plans anew when the table named as regclass changes. Answered by the latest catalog, as
 * columns in SQL are, not by the transaction's snapshot.
 */
CREATE FUNCTION cdc.is_as_named(source regclass, attnums smallint[], names name[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(bool_and(coalesce((pg_identify_object_as_address('pg_class'::regclass, source, u.attnum)).object_names[3] = u.name, false)), true)
    FROM unnest(attnums, names) u (attnum, name)
$$;
--> statement-breakpoint
-- Tables on which a captured one has triggers; IMMUTABLE as above.
CREATE FUNCTION cdc.parts_of(source regclass) RETURNS oid[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(x::oid) FROM cdc.tables_of(source) x
$$;
--> statement-breakpoint
/*
 * The bodies that capture one table: static SQL, planned once per session. {old} and {new} are the
 * transition tables, or the row of a row trigger.
 *
 * An update pairs old and new rows by FULL JOIN on the primary key (never a nested loop). A row whose
 * primary key or key column changed, or is another text though equal, becomes d under the old key, then c under
 * the new one, so that both keys see their own history. Where a statement stores another row under a primary key
 * that it moved a row away from, and that one is told of already, it is told once more after the d. Otherwise its c
 * is still to come, and must not find it there.
 *
 * Where statements nest (cdc.is_reentrant), the inner one is captured first and the outer one would
 * publish an older image last. There every image is compared with the row as it is now; one that is out
 * of date is published as d of the row before and r of the present row, if there is one. look says how that is
 * found: by index (the table is named in the body), by id (also under another name), or not at all (blind).
 *
 * fired is the table that the trigger is on: columns are those that it has. Without the key column keys are null;
 * without a primary key an id is the hash of the image, and an update is d and c. is_late: for EXECUTE, with OLD,
 * NEW and the headers as parameters.
 */
CREATE FUNCTION cdc.capture_sql(captured cdc.captured_tables, fired regclass, look text, is_late boolean)
RETURNS TABLE (op text, body text) LANGUAGE plpgsql STABLE AS $fn$
DECLARE
  pk name[] := cdc.primary_key_of(fired);
  key_name name := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = fired AND a.attname = cdc.column_name(captured.source, captured.key_attnum));
  columns text := cdc.columns_sql(fired);
  old_row text := CASE WHEN is_late THEN '(SELECT ($1).*)' ELSE '(SELECT OLD.*)' END;
  new_row text := CASE WHEN is_late THEN '(SELECT ($2).*)' ELSE '(SELECT NEW.*)' END;
  old text := CASE WHEN captured.per_row THEN old_row ELSE 'old_rows' END;
  new text := CASE WHEN captured.per_row THEN new_row ELSE 'new_rows' END;
  is_checked boolean := look <> 'blind' AND pk IS NOT NULL;
  parts jsonb;
  template text;
BEGIN
  parts := jsonb_build_object(
    'oid', captured.source::oid, 'topic', quote_literal(captured.topic),
    'id_n', coalesce(cdc.id_sql(fired, '"!n"'), 'md5(row_to_json("!n".*)::text)'),
    'id_o', coalesce(cdc.id_sql(fired, '"!o"'), 'md5(row_to_json("!o".*)::text)'),
    'key_n', cdc.key_sql(key_name, '"!n"'), 'key_o', cdc.key_sql(key_name, '"!o"'), 'key_t', cdc.key_sql(key_name, '"!t"'),
    'source', captured.source, 'same', cdc.same_id_sql(fired, '"!t"', '"!n"'),
    'same_on', cdc.same_id_sql(fired, '"!o"', '"!n"'),
    'no_o', '"!o".' || quote_ident(pk[1]) || ' IS NULL', 'no_n', '"!n".' || quote_ident(pk[1]) || ' IS NULL',
    'moved', coalesce((SELECT '(' || string_agg(format('("!o".%1$I::text) COLLATE "C" IS DISTINCT FROM ("!n".%1$I::text) COLLATE "C"', a.attname), ' OR '
                                                ORDER BY a.attname <> key_name) || ')'
       FROM pg_attribute a WHERE a.attrelid = fired AND (a.attname = key_name OR a.attname = ANY (pk) AND NOT cdc.is_exact(a.atttypid))), 'false'),
    'old', CASE WHEN columns IS NULL THEN old ELSE format('(SELECT %s FROM %s "!r")', columns, old) END,
    'new', CASE WHEN columns IS NULL THEN new ELSE format('(SELECT %s FROM %s "!r")', columns, new) END,
    'row', CASE WHEN columns IS NULL THEN old_row ELSE format('(SELECT %s FROM %s "!r")', columns, old_row) END,
    -- A trigger of others stores a row whose d, of the statement around it, may still come: r is looked up by readers.
    'new_op', CASE WHEN is_checked THEN 'CASE WHEN pg_trigger_depth() > 1 THEN ''r'' ELSE ''c'' END' ELSE '''c''' END,
    'into', 'INSERT INTO cdc.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
    SELECT (SELECT slot FROM cdc.outbox_slot), cdc.key_hash(x.key, x.id), ' || quote_literal(captured.topic) || ', x.id, x.key, x.op::"char", x.payload, '
      || CASE WHEN is_late THEN '$3' ELSE '"!c".h' END,
    'fresh', CASE WHEN is_checked THEN 'p.image::text IS NOT DISTINCT FROM row_to_json("!n".*)::text' ELSE 'true' END);
  parts := parts || jsonb_build_object('present', CASE WHEN NOT is_checked THEN ''
    WHEN look = 'id' THEN cdc.fill('LEFT JOIN LATERAL cdc.present({oid}, {id_n}) p ON true', parts)
    -- LIMIT makes it one look-up by index for each row. Under REPEATABLE READ one that others deleted meanwhile is seen too.
    ELSE cdc.fill('LEFT JOIN LATERAL (SELECT row_to_json("!t".*) AS image, {key_t} AS key FROM {source} "!t" WHERE {same} ORDER BY age("!t".xmin) LIMIT 1) p ON true', parts) END);
  FOR op, template IN VALUES
    ('insert', CASE WHEN is_checked THEN '{into} FROM (
      SELECT {key_n} AS key, {id_n} AS id, {new_op} AS op, row_to_json("!n".*) AS payload FROM {new} "!n" {present} WHERE {fresh}
      UNION ALL
      SELECT p.key, {id_n}, ''r'', p.image FROM {new} "!n" {present} WHERE NOT {fresh} AND p.image IS NOT NULL) x'
      ELSE '{into} FROM (SELECT {key_n} AS key, {id_n} AS id, ''c'' AS op, row_to_json("!n".*) AS payload FROM {new} "!n") x' END),
    ('update', CASE WHEN pk IS NULL THEN '{into} FROM (
      SELECT 1 AS turn, {key_o} AS key, {id_o} AS id, ''d'' AS op, json_build_object(''before'', row_to_json("!o".*)) AS payload FROM {old} "!o"
      UNION ALL
      SELECT 2, {key_n}, {id_n}, ''c'', row_to_json("!n".*) FROM {new} "!n") x ORDER BY x.turn' ELSE '{into} FROM {old} "!o" FULL JOIN {new} "!n" ON {same_on} {present}
    CROSS JOIN LATERAL (
      SELECT 1 AS turn, {key_o} AS key, {id_o} AS id, ''d'' AS op, json_build_object(''before'', row_to_json("!o".*)) AS payload
       WHERE NOT ({no_o}) AND (({no_n}) OR {moved} OR NOT {fresh})
      UNION ALL
      SELECT 2, {key_n}, {id_n}, {new_op}, row_to_json("!n".*)
       WHERE NOT ({no_n}) AND (({no_o}) OR {moved}) AND {fresh}
      UNION ALL
      SELECT 2, {key_n}, {id_n}, ''u'', json_build_object(''before'', row_to_json("!o".*), ''after'', row_to_json("!n".*))
       WHERE NOT ({no_n}) AND NOT ({no_o}) AND NOT {moved} AND {fresh}
      UNION ALL
      SELECT 2, q.key, {id_o}, ''r'', q.image FROM cdc.present({oid}, {id_o}) q WHERE ({no_n}) AND cdc.is_told({topic}, {id_o}, q.image)'
    || CASE WHEN is_checked THEN '
      UNION ALL
      SELECT 2, p.key, {id_n}, ''r'', p.image WHERE NOT ({no_n}) AND p.image IS NOT NULL AND NOT {fresh}' ELSE '' END || '
    ) x ORDER BY x.turn' END),
    -- A row trigger even so: within one MERGE, statement triggers for DELETE run after those for INSERT,
    -- and a row that was deleted and stored again would end as deleted.
    ('delete', '{into} FROM (
      SELECT {key_o} AS key, {id_o} AS id, ''d'' AS op, json_build_object(''before'', row_to_json("!o".*)) AS payload FROM {row} "!o"'
    -- A trigger of others can have stored it again, in a statement that was captured before.
    || CASE WHEN is_checked THEN '
      UNION ALL
      SELECT q.key, {id_o}, ''r'', q.image FROM {row} "!o" CROSS JOIN LATERAL cdc.present({oid}, {id_o}) q WHERE cdc.is_told({topic}, {id_o}, q.image)' ELSE '' END || ') x')
  LOOP
    body := cdc.fill(template, parts);
    RETURN NEXT;
  END LOOP;
END $fn$;
--> statement-breakpoint
/*
 * What a trigger runs whose function names columns that its table has no more, since nobody followed a change (no
 * event triggers). No statement fails because of that: the same is captured with the columns that there are.
 */
CREATE FUNCTION cdc.late_sql(source oid, fired oid, op text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((
    SELECT s.body FROM cdc.captured_tables c
     CROSS JOIN LATERAL cdc.capture_sql(c, fired::regclass,
       CASE WHEN cdc.is_reentrant(c.source) AND cdc.is_readable(c.source) AND fired IN (SELECT cdc.tables_of(c.source)) THEN 'id' ELSE 'blind' END, true) s
     WHERE c.source = late_sql.source AND s.op = late_sql.op), 'SELECT')
$$;
--> statement-breakpoint
-- Columns that the functions of a table have to name: all of them where one is computed.
CREATE FUNCTION cdc.columns_named(captured cdc.captured_tables) RETURNS TABLE (attnums smallint[], names name[]) LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(a.attnum), '{}'), coalesce(array_agg(a.attname), '{}')
    FROM pg_attribute a
   WHERE a.attrelid = captured.source AND a.attnum > 0 AND NOT a.attisdropped
     AND (a.attnum = captured.key_attnum OR a.attname = ANY (cdc.primary_key_of(captured.source)) OR cdc.columns_sql(captured.source) IS NOT NULL)
$$;
--> statement-breakpoint
-- Writes the functions of a table's triggers for what the table is now. Needs no lock on it.
CREATE FUNCTION cdc.write_functions(captured cdc.captured_tables) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE
  part record;
  body text;
  named record;
  is_as_written text;
BEGIN
  SELECT * INTO STRICT named FROM cdc.columns_named(captured);
  is_as_written := format('cdc.is_as_named(%L::regclass, %L::smallint[], %L::name[])', captured.source::oid, named.attnums, named.names)
    || CASE WHEN (SELECT k.relkind = 'p' FROM pg_class k WHERE k.oid = captured.source)
            -- A part that was detached meanwhile can have other columns.
            THEN format(' AND TG_RELID = ANY (cdc.parts_of(%L::regclass))', captured.source::oid) ELSE '' END;
  FOR part IN
    SELECT b.op, b.body AS blind, i.body AS by_index, d.body AS by_id
      FROM cdc.capture_sql(captured, captured.source, 'blind', false) b
      JOIN cdc.capture_sql(captured, captured.source, 'index', false) i ON i.op = b.op
      JOIN cdc.capture_sql(captured, captured.source, 'id', false) d ON d.op = b.op
  LOOP
    body := part.blind || ';';
    IF cdc.is_reentrant(captured.source) AND part.by_index <> part.blind THEN
      body := format(E'IF has_table_privilege(%1$s, ''SELECT'') AND NOT row_security_active(%1$s::oid) THEN\nIF to_regclass(%2$L) = %1$s::regclass THEN\n%3$s;\nELSE\n%4$s;\nEND IF;\nELSE\n%5$s;\nEND IF;',
        captured.source::oid, captured.source, part.by_index, part.by_id, part.blind);
    END IF;
    PERFORM cdc.write_capture_function(format('cdc.%I', captured.capture_name || '_' || part.op),
      format($f$IF %s THEN
%s
IF FOUND THEN PERFORM cdc.wake(); END IF;
ELSE
BEGIN
EXECUTE cdc.late_sql(%s, TG_RELID, %L) USING OLD, NEW, h;
PERFORM cdc.wake();
EXCEPTION WHEN undefined_column THEN
-- The transaction's snapshot has columns that the table had before.
RAISE EXCEPTION 'could not serialize access due to a change of table %%', TG_RELID::regclass USING ERRCODE = 'serialization_failure';
END;
END IF$f$,
        is_as_written, body, captured.source::oid, part.op));
  END LOOP;
  UPDATE cdc.captured_tables c SET attnums = named.attnums, names = named.names, shape = cdc.shape_of(c.source, c.key_attnum, c.per_row) WHERE c.source = captured.source;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.write_capture_function(name text, body text) RETURNS void LANGUAGE plpgsql AS $fn$
BEGIN
  EXECUTE format('CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS %L', name, format($f$
#variable_conflict use_column
<<"!c">>
DECLARE h json := CASE WHEN current_setting('cdc.traceparent', true) <> '' OR current_setting('cdc.annotations', true) <> ''
                       THEN cdc.session_headers() END;
BEGIN
  %s;
  RETURN NULL;
END $f$, body));
  PERFORM cdc.fix_texts(format('%s()', name)::regprocedure);
  EXECUTE format('REVOKE ALL ON FUNCTION %s() FROM PUBLIC', name);
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.drop_triggers(target regclass) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE t record;
BEGIN
  FOR t IN SELECT g.tgname, g.tgrelid::regclass AS rel FROM pg_trigger g JOIN cdc.tables_of(target) x ON x = g.tgrelid
            WHERE g.tgname ~ '^!?cdc_' AND g.tgparentid = 0
  LOOP
    -- An old snapshot sees what somebody has replaced meanwhile.
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', t.tgname, t.rel);
  END LOOP;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.put_trigger(target regclass, name text, timing text, fn text) RETURNS void LANGUAGE plpgsql AS $fn$
BEGIN
  EXECUTE format('CREATE OR REPLACE TRIGGER %I %s EXECUTE FUNCTION %s()', name, replace(timing, '{table}', target::text), fn);
  -- Also under session_replication_role = replica.
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', target, name);
END $fn$;
--> statement-breakpoint
/*
 * Before rows of partitions. A MERGE that inserts through a partitioned table remembers that row to spare a
 * conversion, and has it in the transition table in place of each row that it updates next (PostgreSQL 18.4), unless
 * the partition has a row trigger before INSERT.
 */
CREATE FUNCTION cdc.pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
--> statement-breakpoint
-- '!' sorts before letters: row triggers of ours run before those of others.
CREATE FUNCTION cdc.put_triggers(source regclass, fn text, per_row boolean) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE target regclass; is_leaf boolean; is_part boolean;
BEGIN
  FOR target IN SELECT cdc.tables_of(source) LOOP
    SELECT relkind <> 'p', relispartition INTO is_leaf, is_part FROM pg_class WHERE oid = target;
    IF is_leaf THEN
      PERFORM cdc.put_trigger(target, '!cdc_delete', 'AFTER DELETE ON {table} FOR EACH ROW', fn || '_delete');
    END IF;
    IF NOT per_row THEN
      IF is_leaf AND is_part THEN PERFORM cdc.put_trigger(target, '!cdc_pass', 'BEFORE INSERT ON {table} FOR EACH ROW', 'cdc.pass'); END IF;
      PERFORM cdc.put_trigger(target, 'cdc_insert', 'AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT', fn || '_insert');
      PERFORM cdc.put_trigger(target, 'cdc_update', 'AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT', fn || '_update');
    ELSIF is_leaf THEN
      PERFORM cdc.put_trigger(target, '!cdc_insert', 'AFTER INSERT ON {table} FOR EACH ROW', fn || '_insert');
      PERFORM cdc.put_trigger(target, '!cdc_update', 'AFTER UPDATE ON {table} FOR EACH ROW', fn || '_update');
    END IF;
    PERFORM cdc.put_trigger(target, 'cdc_truncate', 'BEFORE TRUNCATE ON {table} FOR EACH STATEMENT', 'cdc.refuse_truncate');
  END LOOP;
END $fn$;
--> statement-breakpoint
-- Why a table cannot be captured, and what to do; no row when it can.
CREATE FUNCTION cdc.why_not(source regclass, key_attnum smallint) RETURNS TABLE (problem text, hint text) LANGUAGE sql STABLE AS $$
  SELECT w.problem, w.hint FROM pg_class c
  LEFT JOIN LATERAL (SELECT x AS part, pg_get_userbyid(p.relowner) AS owner FROM cdc.tables_of(source) x JOIN pg_class p ON p.oid = x
                      WHERE NOT pg_has_role(p.relowner, 'USAGE') ORDER BY x LIMIT 1) o ON true
  CROSS JOIN LATERAL (VALUES
    (1, c.relkind NOT IN ('r', 'p'), format('%s is not a table', source), 'Attach the table that it shows.'),
    (2, c.relnamespace IN ('cdc'::regnamespace, 'pg_catalog'::regnamespace),
        format('%s belongs to the capture itself', source), 'Attach a table of your own.'),
    (3, c.relispartition, format('%s is a partition: attach %s instead', source, pg_partition_root(source)), 'Detach this one first: SELECT cdc.detach(…).'),
    (4, EXISTS (SELECT FROM cdc.tables_of(source) x JOIN pg_class p ON p.oid = x WHERE p.relpersistence <> 'p'),
        format('%s is temporary or unlogged: a crash empties it without a trace', source), 'Make it LOGGED.'),
    (5, EXISTS (SELECT FROM cdc.tables_of(source) x JOIN pg_class p ON p.oid = x WHERE p.relkind = 'f'),
        format('a part of %s is a foreign table: others change it without us', source), 'Detach that partition.'),
    (6, c.relkind = 'r' AND NOT c.relispartition AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = source OR i.inhrelid = source),
        format('%s takes part in table inheritance, which is not captured', source), 'Use partitions.'),
    (7, cdc.primary_key_of(source) IS NULL, format('table %s has no primary key: changes of one row could not be told apart', source),
        'Add a primary key, then attach again.'),
    (8, EXISTS (SELECT FROM pg_index i WHERE i.indrelid = source AND i.indisprimary AND NOT i.indimmediate),
        format('the primary key of %s is deferrable: for a while two rows can have one', source), 'Make it NOT DEFERRABLE, then attach again.'),
    (9, cdc.column_name(source, key_attnum) IS NULL, format('table %s has no column for the key any more', source),
        'Name the column whose value orders the records of one entity, or SELECT cdc.detach() first.'),
    (10, o.part IS NOT NULL, format('%s belongs to %s, and %s has not its rights: only with them triggers are made and rows read again', o.part, o.owner, current_user),
        format('GRANT %1$I TO %2$I. Or ALTER TABLE %3$s OWNER TO %2$I.', coalesce(o.owner, ''), current_user, o.part)),
    (11, EXISTS (SELECT FROM cdc.tables_of(source) x JOIN pg_class p ON p.oid = x WHERE p.relforcerowsecurity)
         AND NOT (SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.rolname = current_user),
        format('row level security is forced on %s for its owner: some rows could not be read', source), 'Use NO FORCE ROW LEVEL SECURITY, or give the owner of schema cdc BYPASSRLS.')
    ) w (n, is_so, problem, hint)
   WHERE c.oid = source AND w.is_so
   ORDER BY w.n LIMIT 1
$$;
--> statement-breakpoint
CREATE FUNCTION cdc.check_attachable(source regclass, topic text, key_column name) RETURNS smallint LANGUAGE plpgsql AS $fn$
DECLARE
  key_attnum smallint := (SELECT a.attnum FROM pg_attribute a WHERE a.attrelid = source AND a.attname = key_column AND a.attnum > 0 AND NOT a.attisdropped);
  found record;
BEGIN
  IF topic IS NULL OR topic !~ '^[A-Za-z0-9._-]{1,249}$' OR topic IN ('.', '..') THEN
    RAISE EXCEPTION 'topic % is not a Kafka topic name', quote_nullable(topic)
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use letters, digits, dot, underscore and hyphen.';
  END IF;
  IF EXISTS (SELECT FROM cdc.captured_tables c WHERE c.topic = check_attachable.topic AND c.source <> check_attachable.source) THEN
    RAISE EXCEPTION 'topic % has another table: %', topic, (SELECT c.source FROM cdc.captured_tables c WHERE c.topic = check_attachable.topic)
      USING ERRCODE = 'duplicate_object', HINT = 'A topic has one schema. Choose another name, or detach that table first.';
  END IF;
  IF EXISTS (SELECT FROM cdc.declared_topics)
     AND NOT EXISTS (SELECT FROM cdc.declared_topics d WHERE d.topic = check_attachable.topic)
     AND NOT EXISTS (SELECT FROM cdc.captured_tables c WHERE c.topic = check_attachable.topic) THEN
    RAISE EXCEPTION 'no stream is declared for topic %: what is captured could not be published', topic
      USING ERRCODE = 'undefined_object',
            HINT = 'Declare it (a file in streams/, docs/STREAMS.md), then run npm run init, which makes the topic and attaches the table.';
  END IF;
  IF key_attnum IS NULL THEN
    RAISE EXCEPTION 'table % has no column %', source, quote_nullable(key_column)
      USING ERRCODE = 'undefined_column', HINT = 'Name the column whose value orders the records of one entity, or SELECT cdc.detach() first.';
  END IF;
  SELECT * INTO found FROM cdc.why_not(source, key_attnum) w;
  IF found.problem IS NOT NULL THEN
    RAISE EXCEPTION '%', found.problem USING ERRCODE = 'wrong_object_type', HINT = found.hint;
  END IF;
  RETURN key_attnum;
END $fn$;
--> statement-breakpoint
/*
 * Captures every change of a table from now on, under its own name of topic and with the text of one of
 * its columns as key. Safe to run again. What is changed of the table later is followed or refused: 0003_follow.sql.
 * Partitions that come with rows are read into the outbox (cdc.backfills).
 *
 * per_row: row triggers instead of statement triggers. Needed only where logical replication applies
 * changes to this table, as it fires no statement triggers; a table with a subscription has them anyway.
 */
CREATE FUNCTION cdc.attach(source regclass, topic text, key_column name, per_row boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET client_min_messages = warning AS $fn$
DECLARE
  base text; is_busy text := current_setting('cdc.is_attaching', true);
  full_name text := (SELECT format('%s_%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = source);
  key_attnum smallint := cdc.check_attachable(source, topic, key_column);
  captured cdc.captured_tables;
  filled oid[];
BEGIN
  PERFORM set_config('cdc.is_attaching', 'on', true);
  per_row := per_row OR cdc.is_subscribed(source);
  base := (SELECT c.capture_name FROM cdc.captured_tables c WHERE c.source = attach.source);
  IF base IS NOT NULL THEN filled := cdc.filled_parts(source); END IF;
  base := coalesce(base,
                   -- Names are cut at 63 bytes; the hash keeps tables apart whose names differ later.
                   format('capture_%s_%s', left(lower(regexp_replace(full_name, '[^a-zA-Z0-9_]', '_', 'g')), 30), left(md5(full_name || source::oid), 6)));
  PERFORM cdc.drop_triggers(source);
  INSERT INTO cdc.captured_tables AS c (source, topic, key_column, key_attnum, per_row, capture_name, shape)
  VALUES (source, topic, key_column, key_attnum, per_row, base, '')
  ON CONFLICT ON CONSTRAINT captured_tables_pkey DO UPDATE
    SET topic = excluded.topic, key_column = excluded.key_column, key_attnum = excluded.key_attnum, per_row = excluded.per_row,
        attached_at = now()
  RETURNING * INTO captured;
  PERFORM cdc.write_functions(captured);
  PERFORM cdc.put_triggers(source, 'cdc.' || base, per_row);
  IF filled IS NOT NULL THEN
    INSERT INTO cdc.backfills (topic, condition) SELECT attach.topic, format('t.tableoid = ANY (%L::oid[])', filled);
  END IF;
  PERFORM set_config('cdc.is_attaching', coalesce(is_busy, ''), true);
END $fn$;
--> statement-breakpoint
SELECT cdc.fix_texts('cdc.attach(regclass, text, name, boolean)');
--> statement-breakpoint
-- Parts of a captured table that have rows and were not captured so far; null: none.
CREATE FUNCTION cdc.filled_parts(source regclass) RETURNS oid[] LANGUAGE plpgsql AS $fn$
DECLARE part regclass; is_filled boolean; filled oid[];
BEGIN
  FOR part IN
    SELECT x FROM cdc.tables_of(source) x JOIN pg_class p ON p.oid = x
     WHERE p.relispartition AND p.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = x AND t.tgname = '!cdc_delete')
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', part) INTO is_filled;
    -- An older snapshot does not see the rows of others: better to read it once more than not at all.
    IF is_filled OR current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN filled := array_append(filled, part::oid); END IF;
  END LOOP;
  RETURN filled;
END $fn$;
--> statement-breakpoint
-- Together with the triggers of tables that were parts of the captured one and were never released.
CREATE FUNCTION cdc.drop_functions(capture_name text) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE stray regclass; op text;
BEGIN
  FOR stray IN
    SELECT DISTINCT g.tgrelid::regclass FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
     WHERE p.pronamespace = 'cdc'::regnamespace AND g.tgparentid = 0
       AND p.proname IN (capture_name || '_insert', capture_name || '_update', capture_name || '_delete')
  LOOP
    PERFORM cdc.drop_triggers(stray);
  END LOOP;
  FOREACH op IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
    EXECUTE format('DROP FUNCTION IF EXISTS cdc.%I()', capture_name || '_' || op);
  END LOOP;
END $fn$;
--> statement-breakpoint
-- Ends the capture of a table. What was captured is still published.
CREATE FUNCTION cdc.detach(source regclass) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $fn$
DECLARE captured cdc.captured_tables;
BEGIN
  DELETE FROM cdc.captured_tables c WHERE c.source = detach.source RETURNING * INTO captured;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'table % is not captured', source USING ERRCODE = 'undefined_object';
  END IF;
  PERFORM set_config('cdc.is_attaching', 'on', true);
  PERFORM cdc.drop_triggers(source);
  PERFORM cdc.drop_functions(captured.capture_name);
  PERFORM set_config('cdc.is_attaching', '', true);
END $fn$;
--> statement-breakpoint
-- A message that the application writes itself, in its own transaction. Answers its id.
CREATE FUNCTION cdc.emit(topic text, key text, payload json, headers json DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE new_id bigint := nextval('cdc.outbox_events_id_seq');
BEGIN
  INSERT INTO cdc.outbox_events (id, slot, hash, topic, aggregate_id, key, op, payload, headers)
  VALUES (new_id, (SELECT slot FROM cdc.outbox_slot), cdc.key_hash(emit.key, new_id::text), emit.topic,
          coalesce(emit.key, new_id::text), emit.key, 'c', emit.payload, coalesce(emit.headers, cdc.session_headers()));
  PERFORM cdc.wake();
  RETURN new_id;
END $$;

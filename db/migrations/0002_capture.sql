CREATE FUNCTION cdc.key_hash(key text, fallback text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (hashtextextended(coalesce(key, fallback) COLLATE "C", 0) & 1023)::smallint
$$;
--> statement-breakpoint
-- Headers of this transaction: SET LOCAL cdc.traceparent = '…', SET LOCAL cdc.annotations = '{"by": "…"}'.
-- What is not JSON travels as a string: a writer never fails because of a header.
CREATE FUNCTION cdc.session_headers() RETURNS json LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN trace IS NOT NULL OR notes IS NOT NULL THEN json_strip_nulls(json_build_object(
           'traceparent', trace,
           'annotations', CASE WHEN pg_input_is_valid(notes, 'json') THEN notes::json ELSE to_json(notes) END)) END
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
CREATE FUNCTION cdc.refuse_reuse(source regclass, id text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'one statement moved row % of captured table % to another primary key and stored another row under the old one', id, source
    USING ERRCODE = 'feature_not_supported', HINT = 'Do it in two statements.';
END $$;
--> statement-breakpoint
CREATE TABLE cdc.captured_tables (
  source regclass PRIMARY KEY,
  -- A topic has one schema, so it has one table.
  topic text NOT NULL UNIQUE,
  key_column name NOT NULL,
  per_row boolean NOT NULL,
  -- Functions of its triggers: capture_<name>_insert and so on.
  capture_name text NOT NULL UNIQUE,
  -- What the triggers were made for; when it changes they are made again.
  shape text NOT NULL,
  attached_at timestamptz NOT NULL DEFAULT now()
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
-- SQL of a row's id as text: primary key columns of alias t, joined by commas.
CREATE FUNCTION cdc.id_sql(source regclass, alias text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(format('%s.%I::text', alias, c), ' || '','' || ') FROM unnest(cdc.primary_key_of(source)) c
$$;
--> statement-breakpoint
-- SQL that compares primary keys by index and by hash; types from elsewhere, whose operators a fixed
-- search path does not find, as text.
CREATE FUNCTION cdc.same_id_sql(source regclass, one text, other text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(format(CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN '%1$s.%3$I = %2$s.%3$I'
                                ELSE '%1$s.%3$I::text = %2$s.%3$I::text' END, one, other, a.attname), ' AND ')
    FROM unnest(cdc.primary_key_of(source)) c
    JOIN pg_attribute a ON a.attrelid = source AND a.attname = c
    JOIN pg_type t ON t.oid = a.atttypid
$$;
--> statement-breakpoint
-- Tables that a statement can name: the table itself and, of a partitioned one, every part of it.
CREATE FUNCTION cdc.tables_of(source regclass) RETURNS SETOF regclass LANGUAGE sql STABLE AS $$
  SELECT relid FROM pg_partition_tree(source)
  UNION
  SELECT source
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
-- Everything that the triggers of a table depend on.
CREATE FUNCTION cdc.shape_of(source regclass, key_column name, per_row boolean) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT concat_ws(' ', 'v1', per_row, cdc.is_reentrant(source), cdc.id_sql(source, 't'), cdc.same_id_sql(source, 'a', 'b'),
    (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = source AND a.attname = key_column AND NOT a.attisdropped))
$$;
--> statement-breakpoint
CREATE FUNCTION cdc.fill(template text, parts jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE part record;
BEGIN
  FOR part IN SELECT key, value FROM jsonb_each_text(parts) LOOP
    template := replace(template, '{' || part.key || '}', part.value);
  END LOOP;
  RETURN template;
END $$;
--> statement-breakpoint
/*
 * The bodies that capture one table: static SQL, planned once per session. {old} and {new} are the
 * transition tables, or the row of a row trigger.
 *
 * An update pairs old and new rows by FULL JOIN on the primary key (never a nested loop). A row whose
 * primary key or key column changed becomes d under the old key, then c under the new one, so that both
 * keys see their own history.
 *
 * Where statements nest (cdc.is_reentrant), the inner one is captured first and the outer one would
 * publish an older image last. There every image is compared with the row as it is now; one that is out
 * of date is published as d of the row before and r of the present row, if there is one.
 */
CREATE FUNCTION cdc.capture_sql(source regclass, topic text, key_column name, is_checked boolean, per_row boolean)
RETURNS TABLE (op text, body text) LANGUAGE plpgsql STABLE AS $fn$
DECLARE
  parts jsonb := jsonb_build_object(
    'source', source,
    'source_name', quote_literal(source::text),
    'id_n', cdc.id_sql(source, '"!n"'), 'id_o', cdc.id_sql(source, '"!o"'),
    'key_n', format('"!n".%I::text', key_column), 'key_o', format('"!o".%I::text', key_column),
    'key_t', format('"!t".%I::text', key_column),
    'same_on', cdc.same_id_sql(source, '"!o"', '"!n"'), 'same_tn', cdc.same_id_sql(source, '"!t"', '"!n"'),
    'same_to', cdc.same_id_sql(source, '"!t"', '"!o"'),
    'no_o', format('"!o".%I IS NULL', (cdc.primary_key_of(source))[1]),
    'no_n', format('"!n".%I IS NULL', (cdc.primary_key_of(source))[1]),
    'old', CASE WHEN per_row THEN '(SELECT OLD.*)' ELSE 'old_rows' END,
    'new', CASE WHEN per_row THEN '(SELECT NEW.*)' ELSE 'new_rows' END,
    -- Aliases that no column has: an alias is also the name of the whole row.
    -- The row as it is now; OFFSET 0 makes it one look-up by index for each row.
    'present', cdc.fill('LEFT JOIN LATERAL (SELECT row_to_json("!t") AS image, {key_t} AS key FROM {source} "!t" WHERE {same_tn} OFFSET 0) p ON true',
      jsonb_build_object('key_t', format('"!t".%I::text', key_column), 'source', source, 'same_tn', cdc.same_id_sql(source, '"!t"', '"!n"'))),
    'into', 'INSERT INTO public.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
    SELECT (SELECT slot FROM cdc.outbox_slot), cdc.key_hash(x.key, x.id), ' || quote_literal(topic) || ', x.id, x.key, x.op::"char", x.payload, h',
    'fresh', CASE WHEN is_checked THEN 'p.image::text IS NOT DISTINCT FROM row_to_json("!n")::text' ELSE 'true' END);
BEGIN
  op := 'insert';
  body := CASE WHEN is_checked THEN '{into} FROM (
      SELECT {key_n} AS key, {id_n} AS id, ''c'' AS op, row_to_json("!n") AS payload FROM {new} "!n" {present} WHERE {fresh}
      UNION ALL
      SELECT p.key, {id_n}, ''r'', p.image FROM {new} "!n" {present} WHERE NOT {fresh} AND p.image IS NOT NULL) x'
    ELSE '{into} FROM (SELECT {key_n} AS key, {id_n} AS id, ''c'' AS op, row_to_json("!n") AS payload FROM {new} "!n") x' END;
  body := cdc.fill(body, parts); RETURN NEXT;
  op := 'update';
  body := cdc.fill('{into} FROM {old} "!o" FULL JOIN {new} "!n" ON {same_on} ' || CASE WHEN is_checked THEN '{present}' ELSE '' END || '
    CROSS JOIN LATERAL (
      SELECT 1 AS turn, {key_o} AS key, {id_o} AS id, json_build_object(''before'', row_to_json("!o")) AS payload,
             CASE WHEN {no_n} AND EXISTS (SELECT FROM {source} "!t" WHERE {same_to}) THEN cdc.refuse_reuse({source_name}, {id_o}) ELSE ''d'' END AS op
       WHERE NOT ({no_o}) AND (({no_n}) OR {key_o} IS DISTINCT FROM {key_n} OR NOT {fresh})
      UNION ALL
      SELECT 2, {key_n}, {id_n}, row_to_json("!n"), ''c''
       WHERE NOT ({no_n}) AND (({no_o}) OR {key_o} IS DISTINCT FROM {key_n}) AND {fresh}
      UNION ALL
      SELECT 2, {key_n}, {id_n}, json_build_object(''before'', row_to_json("!o"), ''after'', row_to_json("!n")), ''u''
       WHERE NOT ({no_n}) AND NOT ({no_o}) AND {key_o} IS NOT DISTINCT FROM {key_n} AND {fresh}'
    || CASE WHEN is_checked THEN '
      UNION ALL
      SELECT 2, p.key, {id_n}, p.image, ''r'' WHERE NOT ({no_n}) AND p.image IS NOT NULL AND NOT {fresh}' ELSE '' END || '
    ) x ORDER BY x.turn', parts);
  RETURN NEXT;
  -- A row trigger even so: within one MERGE, statement triggers for DELETE run after those for INSERT,
  -- and a row that was deleted and stored again would end as deleted.
  op := 'delete';
  body := cdc.fill('{into} FROM (SELECT {key_o} AS key, {id_o} AS id, ''d'' AS op, json_build_object(''before'', row_to_json("!o")) AS payload FROM (SELECT OLD.*) "!o") x', parts);
  RETURN NEXT;
END $fn$;
--> statement-breakpoint
-- Settings are fixed so that keys and images are the same text whoever writes.
CREATE FUNCTION cdc.write_capture_function(name text, body text) RETURNS void LANGUAGE plpgsql AS $fn$
BEGIN
  EXECUTE format($f$
CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET extra_float_digits = 1 SET IntervalStyle = 'postgres' AS $body$
DECLARE h json := CASE WHEN current_setting('cdc.traceparent', true) <> '' OR current_setting('cdc.annotations', true) <> ''
                       THEN cdc.session_headers() END;
BEGIN
  %s;
  IF FOUND THEN PERFORM cdc.wake(); END IF;
  RETURN NULL;
END $body$ $f$, name, body);
  EXECUTE format('REVOKE ALL ON FUNCTION %s() FROM PUBLIC', name);
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.drop_triggers(source regclass) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE t record;
BEGIN
  FOR t IN SELECT g.tgname, g.tgrelid::regclass AS rel FROM pg_trigger g JOIN cdc.tables_of(source) x ON x = g.tgrelid
            WHERE g.tgname ~ '^!?cdc_' AND g.tgparentid = 0
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.rel);
  END LOOP;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.put_trigger(target regclass, name text, timing text, fn text) RETURNS void LANGUAGE plpgsql AS $fn$
BEGIN
  EXECUTE format('CREATE TRIGGER %I %s EXECUTE FUNCTION %s()', name, format(timing, target), fn);
  -- Also under session_replication_role = replica.
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', target, name);
END $fn$;
--> statement-breakpoint
-- '!' sorts before letters: row triggers of ours run before those of others.
CREATE FUNCTION cdc.put_triggers(source regclass, fn text, per_row boolean) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE target regclass; is_leaf boolean;
BEGIN
  FOR target IN SELECT cdc.tables_of(source) LOOP
    is_leaf := (SELECT relkind <> 'p' FROM pg_class WHERE oid = target);
    IF is_leaf THEN
      PERFORM cdc.put_trigger(target, '!cdc_delete', 'AFTER DELETE ON %s FOR EACH ROW', fn || '_delete');
    END IF;
    IF NOT per_row THEN
      PERFORM cdc.put_trigger(target, 'cdc_insert', 'AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT', fn || '_insert');
      PERFORM cdc.put_trigger(target, 'cdc_update', 'AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT', fn || '_update');
    ELSIF is_leaf THEN
      PERFORM cdc.put_trigger(target, '!cdc_insert', 'AFTER INSERT ON %s FOR EACH ROW', fn || '_insert');
      PERFORM cdc.put_trigger(target, '!cdc_update', 'AFTER UPDATE ON %s FOR EACH ROW', fn || '_update');
    END IF;
    PERFORM cdc.put_trigger(target, 'cdc_truncate', 'BEFORE TRUNCATE ON %s FOR EACH STATEMENT', 'cdc.refuse_truncate');
  END LOOP;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.check_attachable(source regclass, topic text, key_column name) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE kind "char" := (SELECT relkind FROM pg_class WHERE oid = source);
BEGIN
  IF topic IS NULL OR topic !~ '^[A-Za-z0-9._-]{1,249}$' OR topic IN ('.', '..') THEN
    RAISE EXCEPTION 'topic % is not a Kafka topic name', quote_nullable(topic)
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use letters, digits, dot, underscore and hyphen.';
  END IF;
  IF EXISTS (SELECT FROM cdc.captured_tables c WHERE c.topic = check_attachable.topic AND c.source <> check_attachable.source) THEN
    RAISE EXCEPTION 'topic % has another table: %', topic, (SELECT c.source FROM cdc.captured_tables c WHERE c.topic = check_attachable.topic)
      USING ERRCODE = 'duplicate_object', HINT = 'A topic has one schema. Choose another name, or detach that table first.';
  END IF;
  IF kind NOT IN ('r', 'p') THEN
    RAISE EXCEPTION '% is not a table', source USING ERRCODE = 'wrong_object_type';
  END IF;
  IF (SELECT relpersistence FROM pg_class WHERE oid = source) <> 'p' THEN
    RAISE EXCEPTION '% is temporary or unlogged: a crash empties it without a trace', source USING ERRCODE = 'wrong_object_type';
  END IF;
  IF (SELECT relispartition FROM pg_class WHERE oid = source) THEN
    RAISE EXCEPTION '% is a partition: attach % instead', source, pg_partition_root(source) USING ERRCODE = 'wrong_object_type';
  END IF;
  IF kind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = source OR i.inhrelid = source) THEN
    RAISE EXCEPTION '% takes part in table inheritance, which is not captured', source USING ERRCODE = 'wrong_object_type', HINT = 'Use partitions.';
  END IF;
  IF cdc.primary_key_of(source) IS NULL THEN
    RAISE EXCEPTION 'table % has no primary key: changes of one row could not be told apart', source
      USING ERRCODE = 'invalid_table_definition', HINT = 'Add a primary key, then attach again.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = source AND a.attname = key_column AND a.attnum > 0 AND NOT a.attisdropped) THEN
    RAISE EXCEPTION 'table % has no column %', source, quote_nullable(key_column)
      USING ERRCODE = 'undefined_column', HINT = 'Name the column whose value orders the records of one entity, or SELECT cdc.detach() first.';
  END IF;
END $fn$;
--> statement-breakpoint
/*
 * Captures every change of a table from now on, under its own name of topic and with the text of one of
 * its columns as key. Safe to run again. Partitions, triggers and foreign keys that come later are
 * followed by an event trigger.
 *
 * per_row: row triggers instead of statement triggers. Needed only where logical replication applies
 * changes to this table: it fires no statement triggers.
 */
CREATE FUNCTION cdc.attach(source regclass, topic text, key_column name, per_row boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $fn$
DECLARE
  base text; part record; fn text; is_busy text := current_setting('cdc.is_attaching', true);
  full_name text := (SELECT format('%s_%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = source);
BEGIN
  PERFORM cdc.check_attachable(source, topic, key_column);
  PERFORM set_config('cdc.is_attaching', 'on', true);
  base := coalesce((SELECT c.capture_name FROM cdc.captured_tables c WHERE c.source = attach.source),
                   -- Names are cut at 63 bytes; the hash keeps tables apart whose names differ later.
                   format('capture_%s_%s', left(lower(regexp_replace(full_name, '[^a-zA-Z0-9_]', '_', 'g')), 30), left(md5(full_name || source::oid), 6)));
  fn := 'cdc.' || base;
  PERFORM cdc.drop_triggers(source);
  FOR part IN SELECT op, body FROM cdc.capture_sql(source, topic, key_column, cdc.is_reentrant(source), per_row) LOOP
    PERFORM cdc.write_capture_function(format('cdc.%I', base || '_' || part.op), part.body);
  END LOOP;
  PERFORM cdc.put_triggers(source, fn, per_row);
  INSERT INTO cdc.captured_tables AS c (source, topic, key_column, per_row, capture_name, shape)
  VALUES (source, topic, key_column, per_row, base, cdc.shape_of(source, key_column, per_row))
  ON CONFLICT ON CONSTRAINT captured_tables_pkey DO UPDATE
    SET topic = excluded.topic, key_column = excluded.key_column, per_row = excluded.per_row, shape = excluded.shape, attached_at = now();
  PERFORM set_config('cdc.is_attaching', coalesce(is_busy, ''), true);
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.drop_functions(capture_name text) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE op text;
BEGIN
  FOREACH op IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
    EXECUTE format('DROP FUNCTION IF EXISTS cdc.%I()', capture_name || '_' || op);
  END LOOP;
END $fn$;
--> statement-breakpoint
-- Ends the capture of a table. What was captured is still published.
CREATE FUNCTION cdc.detach(source regclass) RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $fn$
DECLARE captured cdc.captured_tables;
BEGIN
  DELETE FROM cdc.captured_tables c WHERE c.source = detach.source RETURNING * INTO captured;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'table % is not captured', source USING ERRCODE = 'undefined_object';
  END IF;
  PERFORM cdc.drop_triggers(source);
  PERFORM cdc.drop_functions(captured.capture_name);
END $fn$;
--> statement-breakpoint
-- The triggers that a captured table should have, and how they are enabled; null: missing.
CREATE FUNCTION cdc.wanted_triggers(source regclass, per_row boolean) RETURNS TABLE (target regclass, name text, enabled "char") LANGUAGE sql STABLE AS $$
  SELECT r.oid::regclass, w.name, t.tgenabled
    FROM cdc.tables_of(source) x
    JOIN pg_class r ON r.oid = x
    CROSS JOIN LATERAL (VALUES ('cdc_truncate', true), ('!cdc_delete', r.relkind <> 'p'),
      ('cdc_insert', NOT per_row), ('cdc_update', NOT per_row),
      ('!cdc_insert', per_row AND r.relkind <> 'p'), ('!cdc_update', per_row AND r.relkind <> 'p')) w (name, is_wanted)
    LEFT JOIN pg_trigger t ON t.tgrelid = r.oid AND t.tgname = w.name
   WHERE w.is_wanted
$$;
--> statement-breakpoint
/*
 * Follows changes of captured tables: new partitions, triggers and foreign keys of others, another
 * primary key. A change that leaves a table uncapturable is refused.
 */
CREATE FUNCTION cdc.follow_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE captured cdc.captured_tables;
BEGIN
  IF current_setting('cdc.is_attaching', true) = 'on' THEN RETURN; END IF;
  -- Temporary tables come and go; no captured table is one.
  IF TG_TAG = 'CREATE TABLE' AND NOT EXISTS (SELECT FROM pg_event_trigger_ddl_commands() d WHERE d.schema_name <> 'pg_temp') THEN RETURN; END IF;
  FOR captured IN
    SELECT * FROM cdc.captured_tables c
     WHERE c.shape IS DISTINCT FROM cdc.shape_of(c.source, c.key_column, c.per_row)
        OR EXISTS (SELECT FROM cdc.wanted_triggers(c.source, c.per_row) w WHERE w.enabled IS NULL)
  LOOP
    PERFORM cdc.attach(captured.source, captured.topic, captured.key_column, captured.per_row);
  END LOOP;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.follow_drop() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $fn$
DECLARE gone cdc.captured_tables;
BEGIN
  FOR gone IN DELETE FROM cdc.captured_tables c WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = c.source) RETURNING * LOOP
    PERFORM cdc.drop_functions(gone.capture_name);
  END LOOP;
END $fn$;
--> statement-breakpoint
CREATE EVENT TRIGGER cdc_follow_ddl ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE TRIGGER', 'DROP TRIGGER') EXECUTE FUNCTION cdc.follow_ddl();
--> statement-breakpoint
CREATE EVENT TRIGGER cdc_follow_drop ON sql_drop WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED') EXECUTE FUNCTION cdc.follow_drop();
--> statement-breakpoint
-- What is wrong with the capture of each table; no row when nothing is.
CREATE FUNCTION cdc.check() RETURNS TABLE (source regclass, problem text) LANGUAGE sql STABLE AS $$
  SELECT c.source, 'the table changed since it was attached: attach it again'
    FROM cdc.captured_tables c WHERE c.shape IS DISTINCT FROM cdc.shape_of(c.source, c.key_column, c.per_row)
  UNION ALL
  SELECT c.source, format('trigger %s on %s is %s', w.name, w.target, CASE WHEN w.enabled IS NULL THEN 'missing' ELSE 'not enabled always' END)
    FROM cdc.captured_tables c CROSS JOIN LATERAL cdc.wanted_triggers(c.source, c.per_row) w
   WHERE w.enabled IS DISTINCT FROM 'A'
$$;
--> statement-breakpoint
-- A message that the application writes itself, in its own transaction. Answers its id.
CREATE FUNCTION cdc.emit(topic text, key text, payload json, headers json DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE new_id bigint := nextval('public.outbox_events_id_seq');
BEGIN
  INSERT INTO public.outbox_events (id, slot, hash, topic, aggregate_id, key, op, payload, headers)
  VALUES (new_id, (SELECT slot FROM cdc.outbox_slot), cdc.key_hash(emit.key, new_id::text), emit.topic,
          coalesce(emit.key, new_id::text), emit.key, 'c', emit.payload, coalesce(emit.headers, cdc.session_headers()));
  PERFORM cdc.wake();
  RETURN new_id;
END $$;
--> statement-breakpoint
SELECT cdc.attach('public.content', 'content', 'id');
--> statement-breakpoint
SELECT cdc.attach('public.engagement_events', 'engagement_events', 'content_id');
--> statement-breakpoint
SELECT cdc.attach('public.activity_events', 'user_activity', 'user_id');

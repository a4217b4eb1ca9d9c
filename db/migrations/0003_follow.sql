/*
 * What becomes of captured tables when their definition changes. A change is followed, or, where it would leave
 * the numbers wrong for ever, refused by the statement that makes it, with what to do instead. Statements about
 * other tables are never refused: what is wrong with a captured table by then, cdc.check() says.
 *
 * Event triggers need a superuser. Without them relays call cdc.follow() every minute, which does the same late.
 */

/*
 * The triggers that a captured table should have, and how they are enabled; null: missing. Under REPEATABLE READ those
 * are seen, too, that somebody has replaced meanwhile: only if all of a name are enabled always, it is. A join would stop
 * at the first, since names are unique.
 */
CREATE FUNCTION cdc.wanted_triggers(source regclass, per_row boolean) RETURNS TABLE (target regclass, name text, enabled "char") LANGUAGE sql STABLE AS $$
  SELECT r.oid::regclass, w.name, (SELECT max(t.tgenabled::text COLLATE "C") FROM pg_trigger t WHERE t.tgrelid = r.oid AND t.tgname = w.name)::"char"
    FROM cdc.tables_of(source) x
    JOIN pg_class r ON r.oid = x
    CROSS JOIN LATERAL (VALUES ('cdc_truncate', true), ('!cdc_delete', r.relkind <> 'p'), ('!cdc_pass', NOT per_row AND r.relkind <> 'p' AND r.relispartition),
      ('cdc_insert', NOT per_row), ('cdc_update', NOT per_row),
      ('!cdc_insert', per_row AND r.relkind <> 'p'), ('!cdc_update', per_row AND r.relkind <> 'p')) w (name, is_wanted)
   WHERE w.is_wanted
$$;
--> statement-breakpoint
-- Why its triggers have to be made again; null: they need not.
CREATE FUNCTION cdc.out_of_date(captured cdc.captured_tables) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    CASE WHEN captured.shape IS DISTINCT FROM cdc.shape_of(captured.source, captured.key_attnum, captured.per_row)
         THEN CASE WHEN NOT captured.per_row AND cdc.is_subscribed(captured.source)
                   THEN 'logical replication applies changes to it, which its triggers do not see: attach it again'
                   ELSE 'the table changed since it was attached: attach it again' END END,
    (SELECT format('trigger %s on %s is %s', w.name, w.target, CASE WHEN w.enabled IS NULL THEN 'missing' ELSE 'not enabled always' END)
       FROM cdc.wanted_triggers(captured.source, captured.per_row) w WHERE w.enabled IS DISTINCT FROM 'A' ORDER BY 1 LIMIT 1))
$$;
--> statement-breakpoint
-- Whether a table has a trigger, by the latest catalog, whatever the snapshot.
CREATE FUNCTION cdc.has_trigger(source oid, name text) RETURNS boolean LANGUAGE plpgsql STABLE AS $fn$
BEGIN
  PERFORM pg_get_object_address('trigger', t.object_names || name, '{}') FROM pg_identify_object_as_address('pg_class'::regclass, source, 0) t
   WHERE cardinality(t.object_names) = 2;
  RETURN FOUND;
EXCEPTION WHEN undefined_object OR undefined_table THEN RETURN false;
END $fn$;
--> statement-breakpoint
-- Tables that were parts of a captured one, and still have its triggers, the same or such as were made anew since the
-- snapshot; not the parts of such a table.
CREATE FUNCTION cdc.strays() RETURNS TABLE (stray regclass, source regclass) LANGUAGE sql STABLE AS $$
  SELECT DISTINCT g.tgrelid::regclass, c.source
    FROM pg_trigger g
    JOIN pg_proc p ON p.oid = g.tgfoid AND p.pronamespace = 'cdc'::regnamespace
    JOIN cdc.captured_tables c ON p.proname IN (c.capture_name || '_insert', c.capture_name || '_update', c.capture_name || '_delete')
   WHERE g.tgparentid = 0 AND coalesce(pg_partition_root(g.tgrelid), g.tgrelid) = g.tgrelid
     AND g.tgrelid NOT IN (SELECT x FROM cdc.tables_of(c.source) x) AND (pg_get_triggerdef(g.oid) IS NOT NULL OR cdc.has_trigger(g.tgrelid, g.tgname))
$$;
--> statement-breakpoint
-- Captured tables that a statement about these objects concerns.
CREATE FUNCTION cdc.concerned(objects oid[]) RETURNS SETOF cdc.captured_tables LANGUAGE sql STABLE AS $$
  SELECT c.* FROM cdc.captured_tables c JOIN pg_class k ON k.oid = c.source
   WHERE k.relnamespace = ANY (objects)
      OR EXISTS (SELECT FROM cdc.tables_of(c.source) x WHERE x::oid = ANY (objects)
                    OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = x AND t.oid = ANY (objects))
                    OR EXISTS (SELECT FROM pg_constraint f WHERE f.confrelid = x AND f.conrelid = ANY (objects)))
      OR EXISTS (SELECT FROM pg_partition_ancestors(c.source) x WHERE x::oid = ANY (objects))
      OR EXISTS (SELECT FROM cdc.tables_of(c.source) x JOIN pg_subscription_rel s ON s.srrelid = x WHERE s.srsubid = ANY (objects))
      OR EXISTS (SELECT FROM pg_inherits i WHERE (i.inhparent = c.source AND i.inhrelid = ANY (objects))
                                              OR (i.inhrelid = c.source AND i.inhparent = ANY (objects)))
$$;
--> statement-breakpoint
-- Which rows a partition has must be known as it is now.
CREATE FUNCTION cdc.refuse_old_snapshot(source regclass) RETURNS void LANGUAGE plpgsql STABLE AS $fn$
DECLARE isolation text := current_setting('transaction_isolation');
BEGIN
  IF isolation IN ('repeatable read', 'serializable') THEN
    RAISE EXCEPTION 'no partition of captured table % is let go under %: rows of others would be overlooked', source, upper(isolation)
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Do it in another transaction: BEGIN ISOLATION LEVEL READ COMMITTED.';
  END IF;
END $fn$;
--> statement-breakpoint
/*
 * Ends the capture of a table that was detached from a captured one. Its rows are no rows of that any more:
 * 'delete' says so to everybody who counts, 'keep' leaves them in the numbers. Answers how many rows were told of.
 */
CREATE FUNCTION cdc.release(stray regclass, rows text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $fn$
DECLARE
  captured cdc.captured_tables;
  told bigint := 0;
BEGIN
  SELECT c.* INTO captured FROM cdc.strays() s JOIN cdc.captured_tables c ON c.source = s.source WHERE s.stray = release.stray;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'table % was not detached from a captured table, or is released already', stray USING ERRCODE = 'undefined_object';
  END IF;
  IF rows NOT IN ('delete', 'keep') THEN
    RAISE EXCEPTION 'rows are released by delete or keep, not by %', quote_nullable(rows) USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM cdc.refuse_old_snapshot(captured.source);
  EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', stray);
  IF rows = 'delete' THEN
    EXECUTE format(
      'INSERT INTO cdc.outbox_events (slot, hash, topic, aggregate_id, key, op, payload)
       SELECT (SELECT slot FROM cdc.outbox_slot), cdc.key_hash(x.key, x.id), %L, x.id, x.key, ''d'', json_build_object(''before'', x.image)
         FROM (SELECT %s AS id, %s AS key, row_to_json(t.*) AS image FROM %s t) x',
      captured.topic, cdc.id_sql(captured.source, 't'), cdc.key_of(captured, 't'), stray);
    GET DIAGNOSTICS told = ROW_COUNT;
    PERFORM cdc.wake();
  END IF;
  PERFORM set_config('cdc.is_attaching', 'on', true);
  PERFORM cdc.drop_triggers(stray);
  PERFORM set_config('cdc.is_attaching', '', true);
  RETURN told;
END $fn$;
--> statement-breakpoint
-- What is to become of the rows of a partition that was just detached.
CREATE FUNCTION cdc.settle_stray(stray regclass, source regclass) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE
  is_filled boolean;
  wish text := nullif(current_setting('cdc.detached_rows', true), '');
BEGIN
  PERFORM cdc.refuse_old_snapshot(source);
  EXECUTE format('SELECT EXISTS (SELECT FROM %s)', stray) INTO is_filled;
  IF is_filled AND wish IS NULL THEN
    RAISE EXCEPTION 'partition % of captured table % has rows: should they leave the numbers with it?', stray, source
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Say it in the same transaction: SET LOCAL cdc.detached_rows = ''delete'' takes them out of the numbers, ''keep'' leaves them in.';
  END IF;
  PERFORM cdc.release(stray, CASE WHEN is_filled THEN wish ELSE 'keep' END);
END $fn$;
--> statement-breakpoint
-- Makes the triggers of a table again. Raises why it cannot be captured any more.
CREATE FUNCTION cdc.put_in_order(captured cdc.captured_tables) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE found record; why text; is_busy text := current_setting('cdc.is_attaching', true);
BEGIN
  SELECT * INTO found FROM cdc.why_not(captured.source, captured.key_attnum) w;
  IF found.problem IS NOT NULL THEN
    RAISE EXCEPTION '%', found.problem USING ERRCODE = 'object_not_in_prerequisite_state',
      HINT = format('The table is captured as %s. %s Or SELECT cdc.detach(%L) first.', captured.topic, found.hint, captured.source);
  END IF;
  why := cdc.out_of_date(captured);
  IF why LIKE '%not enabled always' THEN
    -- They are there: no need to make them, nor to wait for anybody.
    PERFORM set_config('cdc.is_attaching', 'on', true);
    FOR found IN SELECT w.target, w.name FROM cdc.wanted_triggers(captured.source, captured.per_row) w WHERE w.enabled <> 'A' LOOP
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', found.target, found.name);
    END LOOP;
    PERFORM set_config('cdc.is_attaching', coalesce(is_busy, ''), true);
  ELSIF why IS NOT NULL THEN
    -- Whoever changes it at the same time is waited for first: what is looked up from here on stays as it is.
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', captured.source);
    PERFORM cdc.attach(captured.source, captured.topic, cdc.column_name(captured.source, captured.key_attnum), captured.per_row);
  END IF;
END $fn$;
--> statement-breakpoint
/*
 * The same, however others rename, move or drop the table meanwhile: statements name it as it was called before they
 * waited for them. Nothing is to be done for one that is gone; its regclass is a number then.
 */
CREATE FUNCTION cdc.attach_again(captured cdc.captured_tables) RETURNS void LANGUAGE plpgsql AS $fn$
BEGIN
  FOR attempt IN REVERSE 5 .. 1 LOOP
    BEGIN
      PERFORM cdc.put_in_order(captured);
      RETURN;
    EXCEPTION WHEN undefined_table OR invalid_schema_name OR syntax_error THEN
      IF captured.source::text ~ '^[0-9]+$' THEN RETURN; END IF;
      IF attempt = 1 THEN RAISE; END IF;
    END;
  END LOOP;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.follow_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $fn$
DECLARE
  objects oid[];
  captured cdc.captured_tables;
  one record;
  why text;
BEGIN
  IF current_setting('cdc.is_attaching', true) = 'on' THEN RETURN; END IF;
  -- Temporary tables come and go; no captured table is one.
  SELECT array_agg(d.objid) INTO objects FROM pg_event_trigger_ddl_commands() d WHERE d.schema_name IS DISTINCT FROM 'pg_temp';
  IF objects IS NULL THEN RETURN; END IF;
  FOR captured IN SELECT * FROM cdc.concerned(objects) LOOP
    FOR one IN SELECT * FROM cdc.strays() s WHERE s.source = captured.source LOOP
      PERFORM cdc.settle_stray(one.stray, one.source);
    END LOOP;
    why := cdc.out_of_date(captured);
    PERFORM cdc.attach_again(captured);
    IF why LIKE '%not enabled always' THEN
      RAISE WARNING 'capture of % stays on: %', captured.source, why USING HINT = format('SELECT cdc.detach(%L) ends it.', captured.source);
    END IF;
  END LOOP;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.follow_drop() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET client_min_messages = warning AS $fn$
DECLARE
  gone cdc.captured_tables;
  captured cdc.captured_tables;
  was_captured boolean := false;
  part text;
BEGIN
  IF current_setting('cdc.is_attaching', true) = 'on' THEN RETURN; END IF;
  FOR gone IN DELETE FROM cdc.captured_tables c WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = c.source) RETURNING * LOOP
    was_captured := true;
    PERFORM cdc.drop_functions(gone.capture_name);
  END LOOP;
  -- A table that is dropped with triggers of ours and was not attached itself was a part of one.
  SELECT o.object_identity INTO part
    FROM pg_event_trigger_dropped_objects() o
   WHERE o.object_type = 'table' AND NOT o.is_temporary AND NOT was_captured
     AND EXISTS (SELECT FROM pg_event_trigger_dropped_objects() t
                  WHERE t.object_type = 'trigger' AND t.address_names[3] = '!cdc_delete'
                    AND t.address_names[1:2] = o.address_names[1:2])
   LIMIT 1;
  IF part IS NOT NULL THEN
    RAISE EXCEPTION 'partition % of a captured table cannot be dropped: nobody would be told of its rows', part
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Detach it first (ALTER TABLE … DETACH PARTITION), then drop it.';
  END IF;
  FOR captured IN
    SELECT * FROM cdc.concerned((
      SELECT array_agg(to_regclass(format('%I.%I', o.address_names[1], o.address_names[2]))::oid)
        FROM pg_event_trigger_dropped_objects() o
       WHERE o.object_type IN ('table column', 'table constraint', 'trigger') AND NOT o.is_temporary))
  LOOP
    PERFORM cdc.attach_again(captured);
  END LOOP;
END $fn$;
--> statement-breakpoint
/*
 * Follows what changed while no event trigger looked: relays ask for it at start and every minute. Answers what it
 * did; what it could not do, cdc.check() says. Changes made while triggers were missing are not in the outbox.
 */
CREATE FUNCTION cdc.follow() RETURNS TABLE (source text, done text) LANGUAGE plpgsql SECURITY DEFINER
SET lock_timeout = '2s' SET client_min_messages = warning AS $fn$
DECLARE
  captured cdc.captured_tables;
  why text;
  problem text;
BEGIN
  -- Every relay asks: one at a time is enough.
  IF NOT pg_try_advisory_xact_lock(913370014) THEN RETURN; END IF;
  FOR captured IN SELECT * FROM cdc.captured_tables c ORDER BY c.topic LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_class k WHERE k.oid = captured.source) THEN
        DELETE FROM cdc.captured_tables c WHERE c.source = captured.source;
        PERFORM cdc.drop_functions(captured.capture_name);
        source := captured.topic; done := 'its table is gone: it is not captured any more'; RETURN NEXT;
        CONTINUE;
      END IF;
      why := cdc.out_of_date(captured);
      CONTINUE WHEN why IS NULL;
      problem := (SELECT w.problem FROM cdc.why_not(captured.source, captured.key_attnum) w);
      IF problem IS NULL THEN
        PERFORM cdc.attach_again(captured);
        source := captured.source::text; done := format('attached again: %s', why); RETURN NEXT;
      ELSIF NOT cdc.is_as_named(captured.source, captured.attnums, captured.names) THEN
        -- Somebody has to decide. Until then statements go on, and tell what can be told.
        PERFORM cdc.write_functions(captured);
        source := captured.source::text; done := format('captured as far as it can be: %s', problem); RETURN NEXT;
      END IF;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
END $fn$;
--> statement-breakpoint
-- Columns of a table with what their types are made of, where those are domains.
CREATE FUNCTION cdc.columns_of(source regclass) RETURNS TABLE (attnum smallint, name name, type text, whole_digits integer, scale integer, is_nullable boolean)
LANGUAGE sql STABLE AS $$
  WITH RECURSIVE types (attnum, oid, typmod, is_nullable) AS (
    SELECT a.attnum, a.atttypid, a.atttypmod, NOT a.attnotnull FROM pg_attribute a
     WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT x.attnum, t.typbasetype, t.typtypmod, x.is_nullable AND NOT t.typnotnull
      FROM types x JOIN pg_type t ON t.oid = x.oid AND t.typtype = 'd'
  )
  SELECT x.attnum, a.attname, format_type(t.oid, NULL), n.digits - n.scale, n.scale, x.is_nullable
    FROM types x
    JOIN pg_type t ON t.oid = x.oid AND t.typtype <> 'd'
    JOIN pg_attribute a ON a.attrelid = source AND a.attnum = x.attnum
    LEFT JOIN LATERAL (SELECT ((x.typmod - 4) >> 16) & 65535 AS digits, (((x.typmod - 4) & 2047) # 1024) - 1024 AS scale) n
      ON t.oid = 'numeric'::regtype AND x.typmod >= 4
$$;
--> statement-breakpoint
/*
 * Remembers what a declaration says of the columns of its table. Those that it left out when it was seen first are left
 * out on purpose, and those that it names no more; one that comes later only when it says so.
 */
CREATE FUNCTION cdc.declare_columns(of_topic text, declared jsonb, omitted text[]) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE
  source regclass := (SELECT c.source FROM cdc.captured_tables c WHERE c.topic = of_topic);
  is_first boolean := NOT EXISTS (SELECT FROM cdc.declared_columns d WHERE d.topic = of_topic);
BEGIN
  UPDATE cdc.declared_columns d SET is_declared = false, attnum = NULL
   WHERE d.topic = of_topic AND d.name NOT IN (SELECT x ->> 'name' FROM jsonb_array_elements(declared) x);
  DELETE FROM cdc.declared_columns d
   WHERE d.topic = of_topic AND NOT d.is_declared AND d.name <> ALL (omitted) AND d.name NOT IN (SELECT p.name FROM cdc.columns_of(source) p);
  INSERT INTO cdc.declared_columns AS d (topic, name, is_declared, attnum, types, whole_digits, scale, is_nullable)
  SELECT of_topic, x.name, true, p.attnum, x.types, x.whole_digits, x.scale, x.is_nullable
    FROM jsonb_to_recordset(declared) x (name name, types text[], whole_digits integer, scale integer, is_nullable boolean)
    LEFT JOIN cdc.columns_of(source) p ON p.name = x.name
  ON CONFLICT ON CONSTRAINT declared_columns_pkey DO UPDATE
    SET is_declared = true, attnum = coalesce(excluded.attnum, d.attnum), types = excluded.types,
        whole_digits = excluded.whole_digits, scale = excluded.scale, is_nullable = excluded.is_nullable;
  INSERT INTO cdc.declared_columns (topic, name, is_declared)
  SELECT of_topic, p.name, false FROM cdc.columns_of(source) p WHERE is_first
  UNION
  SELECT of_topic, o::name, false FROM unnest(omitted) o
  ON CONFLICT DO NOTHING;
END $fn$;
--> statement-breakpoint
-- Columns that are not as their declarations have them: what is so, and what to do. A renamed one is told once.
CREATE FUNCTION cdc.changed_columns() RETURNS TABLE (source regclass, name name, renamed_to name, code text, problem text, todo text)
LANGUAGE sql STABLE AS $$
  WITH present AS (
    SELECT c.source, c.topic, p.* FROM cdc.captured_tables c CROSS JOIN LATERAL cdc.columns_of(c.source) p
     WHERE EXISTS (SELECT FROM cdc.declared_columns d WHERE d.topic = c.topic)
  ), gone AS (
    SELECT c.source, d.topic, d.name,
           (SELECT p.name FROM present p WHERE p.topic = d.topic AND p.attnum = d.attnum
               AND NOT EXISTS (SELECT FROM cdc.declared_columns o WHERE o.topic = d.topic AND o.name = p.name)) AS renamed_to
      FROM cdc.declared_columns d JOIN cdc.captured_tables c ON c.topic = d.topic
     WHERE d.is_declared AND NOT EXISTS (SELECT FROM present p WHERE p.topic = d.topic AND p.name = d.name)
  ), changed (source, name, renamed_to, code, problem) AS (
    SELECT g.source, g.name, g.renamed_to, 'column-gone',
           CASE WHEN g.renamed_to IS NULL THEN format('column %s is not there any more: its rows become dead letters', g.name)
                ELSE format('column %s is called %s now: its rows become dead letters', g.name, g.renamed_to) END
      FROM gone g
    UNION ALL
    SELECT p.source, p.name, NULL, 'column-new', format('column %s is new, and in no record', p.name)
      FROM present p
     WHERE NOT EXISTS (SELECT FROM cdc.declared_columns d WHERE d.topic = p.topic AND d.name = p.name)
       AND NOT EXISTS (SELECT FROM gone g WHERE g.topic = p.topic AND g.renamed_to = p.name)
    UNION ALL
    SELECT p.source, p.name, NULL, 'column-retyped', r.problem
      FROM present p
      JOIN cdc.declared_columns d ON d.topic = p.topic AND d.name = p.name AND d.is_declared
     CROSS JOIN LATERAL (
       SELECT CASE
         WHEN p.type <> ALL (d.types) THEN
           format('column %s is %s now, which the declaration does not carry', p.name, p.type)
         WHEN d.types IS NOT NULL AND p.type = 'numeric' AND (p.scale IS NULL OR p.scale > d.scale OR p.whole_digits > d.whole_digits) THEN
           format('column %s is %s now, and the declaration carries numeric(%s,%s)', p.name,
                  CASE WHEN p.scale IS NULL THEN 'numeric of any digits' ELSE format('numeric(%s,%s)', p.whole_digits + p.scale, p.scale) END,
                  d.whole_digits + d.scale, d.scale)
         WHEN p.is_nullable AND NOT d.is_nullable THEN
           format('column %s may be null now, which the declaration does not carry', p.name)
       END AS problem) r
     WHERE r.problem IS NOT NULL
  )
  SELECT c.source, c.name, c.renamed_to, c.code, c.problem,
         format('npm run attach -- %s proposes the changed declaration', CASE WHEN c.source::text ~ '^[a-z0-9_.]+$' THEN c.source::text ELSE quote_literal(c.source::text) END)
         || CASE WHEN c.code = 'column-new' THEN format('; omit: [%s] in it leaves the column out', quote_literal(c.name)) ELSE '' END
    FROM changed c
   ORDER BY c.source::text, c.code, c.name
$$;
--> statement-breakpoint
-- What is wrong with the capture of each table, and which columns are not as declared; no row when nothing is.
CREATE FUNCTION cdc.check() RETURNS TABLE (source regclass, problem text, code text, todo text) LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT c.source, coalesce((SELECT w.problem FROM cdc.why_not(c.source, c.key_attnum) w), cdc.out_of_date(c)), 'capture-broken', NULL
    FROM cdc.captured_tables c
   WHERE EXISTS (SELECT FROM cdc.why_not(c.source, c.key_attnum)) OR cdc.out_of_date(c) IS NOT NULL
      OR NOT EXISTS (SELECT FROM pg_class k WHERE k.oid = c.source)
  UNION ALL
  SELECT s.stray, format('it was detached from captured table %s: SELECT cdc.release(%L, ''delete'') takes its rows out of the numbers, ''keep'' leaves them in', s.source, s.stray),
         'capture-broken', NULL
    FROM cdc.strays() s
  UNION ALL
  SELECT h.source, h.problem, h.code, h.todo FROM cdc.changed_columns() h
$$;
--> statement-breakpoint
-- What triggers were made for is compared as text.
SELECT cdc.fix_texts(f) FROM unnest('{cdc.follow_ddl(),cdc.follow_drop(),cdc.follow(),cdc.check(),"cdc.release(regclass, text)"}'::regprocedure[]) f;
--> statement-breakpoint
/*
 * Only a superuser may make event triggers, so a migration cannot rely on it. Safe to run again. Answers whether
 * they are there.
 */
CREATE FUNCTION cdc.make_event_triggers() RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'cdc_follow_ddl') THEN
    CREATE EVENT TRIGGER cdc_follow_ddl ON ddl_command_end
      WHEN TAG IN ('ALTER TABLE', 'ALTER SCHEMA', 'CREATE SCHEMA', 'CREATE TABLE', 'CREATE TABLE AS', 'CREATE TRIGGER', 'ALTER TRIGGER',
        'CREATE SUBSCRIPTION', 'ALTER SUBSCRIPTION')
      EXECUTE FUNCTION cdc.follow_ddl();
    -- Also under session_replication_role = replica.
    ALTER EVENT TRIGGER cdc_follow_ddl ENABLE ALWAYS;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'cdc_follow_drop') THEN
    CREATE EVENT TRIGGER cdc_follow_drop ON sql_drop EXECUTE FUNCTION cdc.follow_drop();
    ALTER EVENT TRIGGER cdc_follow_drop ENABLE ALWAYS;
  END IF;
  RETURN true;
EXCEPTION WHEN insufficient_privilege THEN RETURN false;
END $fn$;
--> statement-breakpoint
SELECT cdc.make_event_triggers();

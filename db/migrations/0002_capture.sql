CREATE FUNCTION cdc.slot_now() RETURNS smallint LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT ((extract(epoch FROM clock_timestamp())::bigint / 300) % 3)::smallint
$$;
--> statement-breakpoint
-- Ten bits of the key's hash. Lanes are a matter of the relay: hash & (lanes - 1).
CREATE FUNCTION cdc.key_hash(key text, fallback text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (hashtextextended(coalesce(key, fallback), 0) & 1023)::smallint
$$;
--> statement-breakpoint
-- At most one notifying transaction at a time: none queues behind the lock that NOTIFY takes.
CREATE FUNCTION cdc.wake() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF pg_try_advisory_xact_lock(913370001) THEN PERFORM pg_notify('cdc_outbox', ''); END IF;
END $$;
--> statement-breakpoint
-- Headers of this transaction: SET LOCAL cdc.traceparent = '…', SET LOCAL cdc.annotations = '{"by": "…"}'.
CREATE FUNCTION cdc.session_headers() RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
  trace text := nullif(current_setting('cdc.traceparent', true), '');
  notes text := nullif(current_setting('cdc.annotations', true), '');
BEGIN
  IF trace IS NULL AND notes IS NULL THEN RETURN NULL; END IF;
  RETURN json_strip_nulls(json_build_object('traceparent', trace, 'annotations', notes::json));
END $$;
--> statement-breakpoint
CREATE FUNCTION cdc.refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'TRUNCATE of captured table %.% is refused: its rows would stay in every number',
    TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Use DELETE, or cdc.detach() first.';
END $$;
--> statement-breakpoint
CREATE TABLE cdc.captured_tables (
  source regclass PRIMARY KEY,
  topic text NOT NULL,
  key_column name NOT NULL,
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
-- Tables whose rows fire triggers: the table itself, or every leaf of a partitioned one.
CREATE FUNCTION cdc.leaves_of(source regclass) RETURNS SETOF regclass LANGUAGE sql STABLE AS $$
  SELECT relid FROM pg_partition_tree(source) WHERE isleaf
  UNION
  SELECT source WHERE NOT EXISTS (SELECT FROM pg_partition_tree(source))
$$;
--> statement-breakpoint
CREATE FUNCTION cdc.has_row_triggers(source regclass) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM pg_trigger t
     WHERE t.tgrelid = source AND NOT t.tgisinternal AND t.tgname NOT LIKE '!cdc%' AND t.tgname NOT LIKE 'cdc\_%'
       AND (t.tgtype & 1) = 1 AND (t.tgtype & 66) = 0)
$$;
--> statement-breakpoint
/*
 * Writes the function that captures one table: static SQL, planned once per session.
 *
 * An update joins old and new rows on the primary key. A row whose primary key or key column changed
 * becomes d under the old key, then c under the new one, so that both keys see their own history.
 */
CREATE FUNCTION cdc.write_capture_function(source regclass, topic text, key_column name) RETURNS text
LANGUAGE plpgsql AS $fn$
DECLARE
  name text := format('cdc.capture_%s', source::oid);
  pk name[] := cdc.primary_key_of(source);
  id_new text; id_old text; same text; pk1 name := pk[1];
  key_new text := format('n.%I::text', key_column);
  key_old text := format('o.%I::text', key_column);
BEGIN
  SELECT string_agg(format('n.%I::text', c), ' || '','' || '), string_agg(format('o.%I::text', c), ' || '','' || '),
         string_agg(format('o.%1$I = n.%1$I', c), ' AND ')
    INTO id_new, id_old, same FROM unnest(pk) c;
  EXECUTE format($f$
CREATE OR REPLACE FUNCTION %1$s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE s smallint := cdc.slot_now(); h json := cdc.session_headers();
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO public.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
    SELECT s, cdc.key_hash(%2$s, %3$s), %4$L, %3$s, %2$s, 'c', row_to_json(n), h FROM new_rows n;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO public.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
    SELECT s, cdc.key_hash(%5$s, %6$s), %4$L, %6$s, %5$s, 'd', json_build_object('before', row_to_json(o)), h
      FROM old_rows o;
  ELSE
    INSERT INTO public.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
    SELECT s, cdc.key_hash(x.key, x.id), %4$L, x.id, x.key, x.op::"char", x.payload, h
      FROM (
        SELECT 1 AS turn, %5$s AS key, %6$s AS id, 'd' AS op, json_build_object('before', row_to_json(o)) AS payload
          FROM old_rows o LEFT JOIN new_rows n ON %7$s
         WHERE n.%8$I IS NULL OR %5$s IS DISTINCT FROM %2$s
        UNION ALL
        SELECT 2, %2$s, %3$s, CASE WHEN moved THEN 'c' ELSE 'u' END,
               CASE WHEN moved THEN row_to_json(n) ELSE json_build_object('before', row_to_json(o), 'after', row_to_json(n)) END
          FROM new_rows n LEFT JOIN old_rows o ON %7$s
         CROSS JOIN LATERAL (SELECT o.%8$I IS NULL OR %5$s IS DISTINCT FROM %2$s AS moved) m
      ) x ORDER BY x.turn;
  END IF;
  IF FOUND THEN PERFORM cdc.wake(); END IF;
  RETURN NULL;
END $body$ $f$,
    name, key_new, id_new, topic, key_old, id_old, same, pk1);
  -- The same for one row: used where other AFTER ROW triggers write the table, see cdc.attach.
  EXECUTE format($f$
CREATE OR REPLACE FUNCTION %1$s_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE s smallint := cdc.slot_now(); h json := cdc.session_headers(); moved boolean;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT NOT (%7$s) OR %5$s IS DISTINCT FROM %2$s INTO moved FROM (SELECT OLD.*) o, (SELECT NEW.*) n;
  END IF;
  IF TG_OP = 'DELETE' OR moved THEN
    INSERT INTO public.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
    SELECT s, cdc.key_hash(%5$s, %6$s), %4$L, %6$s, %5$s, 'd', json_build_object('before', row_to_json(o)), h
      FROM (SELECT OLD.*) o;
  END IF;
  IF TG_OP = 'INSERT' OR moved THEN
    INSERT INTO public.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
    SELECT s, cdc.key_hash(%2$s, %3$s), %4$L, %3$s, %2$s, 'c', row_to_json(n), h FROM (SELECT NEW.*) n;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO public.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
    SELECT s, cdc.key_hash(%2$s, %3$s), %4$L, %3$s, %2$s, 'u',
           json_build_object('before', row_to_json(o), 'after', row_to_json(n)), h
      FROM (SELECT OLD.*) o, (SELECT NEW.*) n;
  END IF;
  PERFORM cdc.wake();
  RETURN NULL;
END $body$ $f$,
    name, key_new, id_new, topic, key_old, id_old, same, pk1);
  RETURN name;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.detach(source regclass) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE t record;
BEGIN
  FOR t IN SELECT g.tgname, g.tgrelid::regclass AS rel FROM pg_trigger g
            WHERE g.tgrelid IN (SELECT cdc.leaves_of(source) UNION SELECT source)
              AND (g.tgname LIKE 'cdc\_%' OR g.tgname LIKE '!cdc%') AND g.tgparentid = 0
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.rel);
  END LOOP;
  EXECUTE format('DROP FUNCTION IF EXISTS cdc.capture_%s()', source::oid);
  EXECUTE format('DROP FUNCTION IF EXISTS cdc.capture_%s_row()', source::oid);
  DELETE FROM cdc.captured_tables c WHERE c.source = detach.source;
END $fn$;
--> statement-breakpoint
/*
 * Captures every change of a table from now on. Safe to run again, also after partitions or triggers
 * were added.
 *
 * Statement triggers see what a statement did as a whole, after all AFTER ROW triggers ran. When one of
 * those updates the same row, the nested statement's image would come first and the older one last.
 * There, a row trigger that sorts first ('!' precedes every letter) keeps the order of the changes.
 */
CREATE FUNCTION cdc.attach(source regclass, topic text, key_column name) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE leaf regclass; fn text; op text; tables text;
BEGIN
  IF topic !~ '^[A-Za-z0-9._-]{1,249}$' THEN
    RAISE EXCEPTION 'topic % is not a Kafka topic name', quote_literal(topic)
      USING HINT = 'Use letters, digits, dot, underscore and hyphen.';
  END IF;
  IF cdc.primary_key_of(source) IS NULL THEN
    RAISE EXCEPTION 'table % has no primary key: changes of one row could not be told apart', source
      USING HINT = 'Add a primary key, then attach again.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = source AND a.attname = key_column AND NOT a.attisdropped) THEN
    RAISE EXCEPTION 'table % has no column %', source, key_column
      USING HINT = 'Name the column whose value orders the records of one entity.';
  END IF;
  PERFORM cdc.detach(source);
  fn := cdc.write_capture_function(source, topic, key_column);
  FOR leaf IN SELECT cdc.leaves_of(source) LOOP
    IF cdc.has_row_triggers(leaf) THEN
      EXECUTE format('CREATE TRIGGER "!cdc_row" AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION %s_row()', leaf, fn);
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER "!cdc_row"', leaf);
    ELSE
      PERFORM cdc.put_statement_triggers(leaf, fn);
    END IF;
    EXECUTE format('CREATE TRIGGER cdc_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cdc.refuse_truncate()', leaf);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER cdc_truncate', leaf);
  END LOOP;
  -- Statement triggers fire on the table that a statement names: the partitioned table needs its own.
  IF EXISTS (SELECT FROM pg_class WHERE oid = source AND relkind = 'p') THEN
    PERFORM cdc.put_statement_triggers(source, fn);
    EXECUTE format('CREATE TRIGGER cdc_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cdc.refuse_truncate()', source);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER cdc_truncate', source);
  END IF;
  INSERT INTO cdc.captured_tables AS c (source, topic, key_column) VALUES (source, topic, key_column)
  ON CONFLICT ON CONSTRAINT captured_tables_pkey DO UPDATE SET topic = excluded.topic, key_column = excluded.key_column, attached_at = now();
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.put_statement_triggers(target regclass, fn text) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE op text; tables text;
BEGIN
  FOREACH op IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
    tables := CASE op WHEN 'insert' THEN 'NEW TABLE AS new_rows' WHEN 'delete' THEN 'OLD TABLE AS old_rows'
                      ELSE 'OLD TABLE AS old_rows NEW TABLE AS new_rows' END;
    EXECUTE format('CREATE TRIGGER cdc_%1$s AFTER %1$s ON %2$s REFERENCING %3$s FOR EACH STATEMENT EXECUTE FUNCTION %4$s()', op, target, tables, fn);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER cdc_%s', target, op);
  END LOOP;
END $fn$;
--> statement-breakpoint
-- A message that the application writes itself, in its own transaction.
CREATE FUNCTION cdc.emit(topic text, key text, payload json, headers json DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE new_id bigint;
BEGIN
  new_id := nextval('public.outbox_events_id_seq');
  INSERT INTO public.outbox_events (id, slot, hash, topic, aggregate_id, key, op, payload, headers)
  VALUES (new_id, cdc.slot_now(), cdc.key_hash(emit.key, new_id::text), emit.topic, coalesce(emit.key, new_id::text),
          emit.key, 'c', emit.payload, coalesce(emit.headers, cdc.session_headers()));
  PERFORM cdc.wake();
  RETURN new_id;
END $$;
--> statement-breakpoint
SELECT cdc.attach('public.content', 'content', 'id');
--> statement-breakpoint
SELECT cdc.attach('public.engagement_events', 'engagement_events', 'content_id');
--> statement-breakpoint
SELECT cdc.attach('public.activity_events', 'user_activity', 'user_id');

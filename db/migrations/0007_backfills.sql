/*
 * Rows of captured tables that are to be read again, beside the live stream: a row here asks for it, whoever
 * writes it (npm run backfill does). Relays do the work in chunks and write down how far they are, so any of
 * them goes on after any crash.
 *
 *   INSERT INTO cdc.backfills (topic) VALUES ('orders');
 *   INSERT INTO cdc.backfills (topic, condition) VALUES ('orders', $$sold_at >= '2026-01-01'$$);
 *   UPDATE cdc.backfills SET state = 'paused' WHERE id = 1;      -- 'waiting' goes on, 'cancelled' ends it
 */
CREATE TABLE cdc.backfills (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  -- SQL over the table's columns, under the name t; null: every row.
  condition text,
  -- The generation of the read model that the rows fill, by its space; null: all of them.
  generation text,
  -- The consumer group whose lag holds it back; null: the one that lags least.
  group_id text,
  rows_per_second integer NOT NULL DEFAULT 1000 CHECK (rows_per_second BETWEEN 1 AND 1000000),
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'paused', 'done', 'cancelled', 'failed')),
  -- Texts of the primary key: of the last row that was looked at, and of the last one there was at the start. They mean
  -- something in the order of the primary key that they were read by: its columns and their types.
  after_key json,
  until_key json,
  key_order text,
  rows_estimated bigint,
  rows_looked_at bigint NOT NULL DEFAULT 0,
  rows_written bigint NOT NULL DEFAULT 0,
  -- What kept it from going on last.
  problem text,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz
);
--> statement-breakpoint
CREATE INDEX backfills_open ON cdc.backfills (id) WHERE state IN ('waiting', 'running', 'paused');
--> statement-breakpoint
-- Refuses what could never be done, and a way back from an end.
CREATE FUNCTION cdc.check_backfill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  captured cdc.captured_tables := cdc.captured_by(NEW.topic);
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.state IN ('done', 'cancelled', 'failed') AND NEW.state <> OLD.state THEN
      RAISE EXCEPTION 'backfill % is % already', OLD.id, OLD.state
        USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Insert another row to begin anew.';
    END IF;
    IF NEW.state IN ('done', 'cancelled', 'failed') THEN NEW.finished_at := coalesce(NEW.finished_at, clock_timestamp()); END IF;
    RETURN NEW;
  END IF;
  IF captured.source IS NULL THEN
    RAISE EXCEPTION 'no captured table is published to topic %', quote_nullable(NEW.topic)
      USING ERRCODE = 'undefined_object', HINT = 'SELECT source, topic FROM cdc.captured_tables shows those that are.';
  END IF;
  IF NEW.condition IS NOT NULL THEN
    BEGIN
      EXECUTE format('SELECT FROM %s t WHERE (%s) LIMIT 0', captured.source, NEW.condition);
    EXCEPTION WHEN OTHERS THEN
      RAISE EXCEPTION 'condition % cannot be asked of %: %', quote_literal(NEW.condition), captured.source, SQLERRM
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Write it as after WHERE, with columns of the table.';
    END;
  END IF;
  RETURN NEW;
END $fn$;
--> statement-breakpoint
CREATE TRIGGER check_backfill BEFORE INSERT OR UPDATE ON cdc.backfills FOR EACH ROW EXECUTE FUNCTION cdc.check_backfill();
--> statement-breakpoint
-- Primary key columns of alias t, as they are ordered by, up and down, and as a row; a key's texts as the same row,
-- and a key as JSON; what their order is of.
CREATE FUNCTION cdc.key_parts(source regclass) RETURNS TABLE (up text, down text, columns text, texts text, as_json text, key_order text)
LANGUAGE sql STABLE AS $$
  SELECT string_agg(format('t.%I', a.attname), ', ' ORDER BY k.ord),
         string_agg(format('t.%I DESC', a.attname), ', ' ORDER BY k.ord),
         format('ROW(%s)', string_agg(format('t.%I', a.attname), ', ' ORDER BY k.ord)),
         'ROW(' || string_agg(format('(%%1$s::json ->> %s)::%s', k.ord - 1, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY k.ord) || ')',
         format('json_build_array(%s)', string_agg(format('t.%I::text', a.attname), ', ' ORDER BY k.ord)),
         string_agg(format('%s %s %s', a.attnum, a.atttypid, a.attcollation), ', ' ORDER BY k.ord)
    FROM unnest(cdc.primary_key_of(source)) WITH ORDINALITY k (name, ord)
    JOIN pg_attribute a ON a.attrelid = source AND a.attname = k.name
$$;
--> statement-breakpoint
-- What the planner takes the table's number of rows for: to say how long it will take, not to count.
CREATE FUNCTION cdc.rows_about(source regclass) RETURNS bigint LANGUAGE plpgsql AS $fn$
DECLARE plan json;
BEGIN
  EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM %s', source) INTO plan;
  RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
END $fn$;
--> statement-breakpoint
/*
 * Writes the rows of one chunk into the outbox as op r. They are held against changes before they are read: a
 * change that commits later is captured later, so its record comes after. What is put into the outbox is what was
 * read under the lock; the slot is looked up after it.
 */
CREATE FUNCTION cdc.backfill_chunk(captured cdc.captured_tables, backfill cdc.backfills, last_key json) RETURNS bigint
LANGUAGE plpgsql AS $fn$
DECLARE
  part record;
  held json;
BEGIN
  SELECT * INTO STRICT part FROM cdc.key_parts(captured.source);
  EXECUTE format(
    'SELECT json_agg(json_build_array(h.id, h.key, h.image) ORDER BY h.n) FROM (
       SELECT row_number() OVER () AS n, x.* FROM (
         SELECT %s AS id, %s AS key, row_to_json(t.*) AS image FROM %s t
          WHERE %s AND %s <= %s AND (%s) ORDER BY %s FOR SHARE) x) h',
    cdc.id_sql(captured.source, 't'), cdc.key_of(captured, 't'), captured.source,
    CASE WHEN backfill.after_key IS NULL THEN 'true' ELSE format('%s > %s', part.columns, format(part.texts, '$1')) END,
    part.columns, format(part.texts, '$2'), coalesce(backfill.condition, 'true'), part.up)
    INTO held USING backfill.after_key, last_key;
  IF held IS NULL THEN RETURN 0; END IF;
  INSERT INTO cdc.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
  SELECT (SELECT slot FROM cdc.outbox_slot), cdc.key_hash(e ->> 1, e ->> 0), captured.topic, e ->> 0, e ->> 1, 'r', e -> 2,
         json_strip_nulls(json_build_object('backfill', backfill.id::text, 'generation', backfill.generation))
    FROM json_array_elements(held) WITH ORDINALITY x (e, n) ORDER BY n;
  PERFORM cdc.wake();
  RETURN json_array_length(held);
END $fn$;
--> statement-breakpoint
/*
 * One step of the oldest backfill of each topic that is due, at most one in a call: begins it, or writes the next
 * rows, or ends it. Answers what it did; no row when nothing is due.
 */
CREATE FUNCTION cdc.backfill_step(chunk integer DEFAULT 250, not_topics text[] DEFAULT '{}')
RETURNS SETOF cdc.backfills LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '2s' AS $fn$
DECLARE
  backfill cdc.backfills;
  captured cdc.captured_tables;
  part record;
  looked bigint;
  written bigint;
  last_key json;
BEGIN
  SELECT b.* INTO backfill FROM cdc.backfills b
   WHERE b.state IN ('waiting', 'running') AND b.next_at <= clock_timestamp() AND b.topic <> ALL (not_topics)
     -- One after another: two of a topic would only share its speed.
     AND NOT EXISTS (SELECT FROM cdc.backfills o WHERE o.topic = b.topic AND o.id < b.id AND o.state IN ('waiting', 'running'))
   ORDER BY b.next_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN; END IF;
  captured := cdc.captured_by(backfill.topic);
  IF captured.source IS NULL THEN
    RETURN QUERY UPDATE cdc.backfills b SET state = 'failed', problem = 'its table is not captured any more'
                  WHERE b.id = backfill.id RETURNING b.*;
    RETURN;
  END IF;
  SELECT * INTO STRICT part FROM cdc.key_parts(captured.source);
  -- Begins, or begins anew: by the order of another primary key other rows come next.
  IF backfill.key_order IS DISTINCT FROM part.key_order THEN
    EXECUTE format('SELECT %s FROM %s t ORDER BY %s LIMIT 1', part.as_json, captured.source, part.down) INTO backfill.until_key;
    RETURN QUERY UPDATE cdc.backfills b
       SET started_at = coalesce(b.started_at, clock_timestamp()), after_key = NULL, until_key = backfill.until_key, key_order = part.key_order,
           rows_estimated = cdc.rows_about(captured.source), problem = NULL,
           state = CASE WHEN backfill.until_key IS NULL THEN 'done' ELSE 'running' END
     WHERE b.id = backfill.id RETURNING b.*;
    RETURN;
  END IF;
  -- Looked at first, without locks: a condition that few rows meet must not make the chunk endless.
  EXECUTE format('SELECT count(*), (array_agg(p.k ORDER BY p.n DESC))[1] FROM (
                    SELECT row_number() OVER () AS n, x.k FROM (
                      SELECT %s AS k FROM %s t WHERE %s AND %s <= %s ORDER BY %s LIMIT $3) x) p',
    part.as_json, captured.source,
    CASE WHEN backfill.after_key IS NULL THEN 'true' ELSE format('%s > %s', part.columns, format(part.texts, '$1')) END,
    part.columns, format(part.texts, '$2'), part.up)
    INTO looked, last_key USING backfill.after_key, backfill.until_key, chunk;
  IF looked = 0 THEN
    RETURN QUERY UPDATE cdc.backfills b SET state = 'done', problem = NULL WHERE b.id = backfill.id RETURNING b.*;
    RETURN;
  END IF;
  BEGIN
    written := cdc.backfill_chunk(captured, backfill, last_key);
  EXCEPTION
    WHEN lock_not_available OR deadlock_detected THEN
      -- Somebody works at these rows: later.
      RETURN QUERY UPDATE cdc.backfills b SET problem = SQLERRM, next_at = clock_timestamp() + interval '1 second', state = 'running'
                    WHERE b.id = backfill.id RETURNING b.*;
      RETURN;
    WHEN OTHERS THEN
      RETURN QUERY UPDATE cdc.backfills b SET problem = SQLERRM, state = 'failed' WHERE b.id = backfill.id RETURNING b.*;
      RETURN;
  END;
  RETURN QUERY UPDATE cdc.backfills b
     SET state = 'running', after_key = last_key, rows_looked_at = b.rows_looked_at + looked, rows_written = b.rows_written + written, problem = NULL,
         -- From when it was due, or it would be slower than it was asked to be; but what was missed long ago is not made up for.
         next_at = greatest(b.next_at, clock_timestamp() - interval '1 second') + make_interval(secs => written::float8 / b.rows_per_second)
   WHERE b.id = backfill.id RETURNING b.*;
END $fn$;
--> statement-breakpoint
SELECT cdc.fix_texts('cdc.backfill_step(integer, text[])');
--> statement-breakpoint
-- For those who may look at a backfill but not ask for one: pauses it, lets it go on, ends it.
CREATE FUNCTION cdc.steer_backfill(backfill_id bigint, to_state text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  IF to_state NOT IN ('waiting', 'paused', 'cancelled') THEN
    RAISE EXCEPTION 'a backfill is set to waiting, paused or cancelled, not to %', quote_nullable(to_state) USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE cdc.backfills SET state = to_state WHERE id = backfill_id;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no backfill %', backfill_id USING ERRCODE = 'no_data_found'; END IF;
END $fn$;

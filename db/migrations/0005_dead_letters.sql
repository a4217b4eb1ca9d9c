-- SQL that finds a row by its id as text: by index where the primary key is one column.
CREATE FUNCTION cdc.find_sql(source regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN cardinality(cdc.primary_key_of(source)) = 1
              THEN (SELECT format('t.%I = $1::%s', a.attname, format_type(a.atttypid, a.atttypmod)) FROM pg_attribute a
                     WHERE a.attrelid = source AND a.attname = (cdc.primary_key_of(source))[1])
              ELSE format('(%s) = $1', cdc.id_sql(source, 't')) END
$$;
--> statement-breakpoint
/*
 * Locks the present row against changes, or, when there is none, the table against a row that somebody
 * is just storing: its change could have an earlier place in the outbox than what we are to write.
 */
CREATE FUNCTION cdc.hold_row(source regclass, row_id text) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '3s' AS $fn$
DECLARE
  look text := format('SELECT true FROM %s t WHERE %s FOR SHARE', source, cdc.find_sql(source));
  is_there boolean;
BEGIN
  EXECUTE look INTO is_there USING row_id;
  IF is_there IS NULL THEN
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', source);
    EXECUTE look INTO is_there USING row_id;
  END IF;
  RETURN coalesce(is_there, false);
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.captured_by(topic text) RETURNS cdc.captured_tables LANGUAGE plpgsql STABLE AS $fn$
DECLARE captured cdc.captured_tables;
BEGIN
  SELECT * INTO captured FROM cdc.captured_tables c WHERE c.topic = captured_by.topic;
  RETURN captured;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.put_row(topic text, row_id text, key text, op "char", payload json) RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
  VALUES ((SELECT slot FROM cdc.outbox_slot), cdc.key_hash(key, row_id), topic, row_id, key, op, payload, cdc.session_headers())
$$;
--> statement-breakpoint
-- Puts the present row into the outbox again as op r: readers replace what they hold of it. False when
-- there is no such row.
CREATE FUNCTION cdc.reread(topic text, row_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET extra_float_digits = 1 SET IntervalStyle = 'postgres' AS $fn$
DECLARE
  captured cdc.captured_tables := cdc.captured_by(topic);
  image json;
  row_key text;
BEGIN
  IF captured.source IS NULL THEN
    RAISE EXCEPTION 'no captured table is published to topic %', topic USING ERRCODE = 'undefined_object';
  END IF;
  -- FOR SHARE: a change that commits later is captured later, so its record comes after this one.
  EXECUTE format('SELECT row_to_json(t), t.%I::text FROM %s t WHERE %s FOR SHARE', captured.key_column, captured.source, cdc.find_sql(captured.source))
    INTO image, row_key USING row_id;
  IF image IS NULL THEN RETURN false; END IF;
  PERFORM cdc.put_row(topic, row_id, row_key, 'r', image);
  PERFORM cdc.wake();
  RETURN true;
END $fn$;
--> statement-breakpoint
/*
 * Publishes what a dead letter kept back, as things are now: the row is taken away from both places
 * that the letter names, then read again where it is. Publishing the letter itself would bring back what
 * later changes have replaced.
 */
CREATE FUNCTION cdc.dead_letter_redrive(letter_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  letter cdc.dead_letters;
  captured cdc.captured_tables;
  place json;
BEGIN
  SELECT * INTO letter FROM cdc.dead_letters d WHERE d.id = letter_id FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no dead letter %', letter_id USING ERRCODE = 'no_data_found'; END IF;
  IF letter.resolved_at IS NOT NULL THEN
    RAISE EXCEPTION 'dead letter % is % already', letter_id, letter.resolution USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  captured := cdc.captured_by(letter.topic);
  IF captured.source IS NULL THEN
    -- The application wrote it itself: there is no row, only the message.
    PERFORM cdc.emit(letter.topic, letter.key, letter.payload, letter.headers);
  ELSE
    PERFORM cdc.hold_row(captured.source, letter.aggregate_id);
    -- Both places have the letter's key: an update that changes it is captured as d and c.
    FOR place IN
      SELECT p FROM unnest(CASE letter.op::text
        WHEN 'u' THEN ARRAY[letter.payload -> 'before', letter.payload -> 'after']
        WHEN 'd' THEN ARRAY[letter.payload -> 'before']
        ELSE ARRAY[letter.payload] END) p
    LOOP
      PERFORM cdc.put_row(letter.topic, letter.aggregate_id, letter.key, 'd', json_build_object('before', place));
    END LOOP;
    PERFORM cdc.reread(letter.topic, letter.aggregate_id);
    PERFORM cdc.wake();
  END IF;
  UPDATE cdc.dead_letters SET resolved_at = clock_timestamp(), resolution = 'redriven' WHERE id = letter_id;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.dead_letter_discard(letter_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  UPDATE cdc.dead_letters SET resolved_at = clock_timestamp(), resolution = 'discarded' WHERE id = letter_id AND resolved_at IS NULL;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no open dead letter %', letter_id USING ERRCODE = 'no_data_found'; END IF;
END $fn$;
--> statement-breakpoint
CREATE INDEX dead_letters_open ON cdc.dead_letters (id) WHERE resolved_at IS NULL;
--> statement-breakpoint
-- What was decided about records of dead-letter topics: those stay where they are, in Kafka.
CREATE TABLE api.dead_letter_marks (
  id text PRIMARY KEY,
  resolution text NOT NULL CHECK (resolution IN ('redriven', 'discarded')),
  marked_at timestamptz NOT NULL DEFAULT now()
);

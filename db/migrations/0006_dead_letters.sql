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
  INSERT INTO cdc.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
  VALUES ((SELECT slot FROM cdc.outbox_slot), cdc.key_hash(key, row_id), topic, row_id, key, op, payload, cdc.session_headers())
$$;
--> statement-breakpoint
-- Puts the present row into the outbox again as op r: readers replace what they hold of it. False when
-- there is no such row.
CREATE FUNCTION cdc.reread(topic text, row_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $fn$
DECLARE
  captured cdc.captured_tables := cdc.captured_by(topic);
  image json;
  row_key text;
BEGIN
  IF captured.source IS NULL THEN
    RAISE EXCEPTION 'no captured table is published to topic %', topic USING ERRCODE = 'undefined_object';
  END IF;
  -- FOR SHARE: a change that commits later is captured later, so its record comes after this one.
  EXECUTE format('SELECT row_to_json(t.*), %s FROM %s t WHERE %s FOR SHARE', cdc.key_of(captured, 't'), captured.source, cdc.find_sql(captured.source))
    INTO image, row_key USING row_id;
  IF image IS NULL THEN RETURN false; END IF;
  PERFORM cdc.put_row(topic, row_id, row_key, 'r', image);
  PERFORM cdc.wake();
  RETURN true;
END $fn$;
--> statement-breakpoint
SELECT cdc.fix_texts('cdc.reread(text, text)');
--> statement-breakpoint
/*
 * When a letter is tried again by itself: only where the cause may pass, a bounded number of times, each
 * wait four times the one before (a minute to four hours). Null: not, or not any more.
 */
CREATE FUNCTION cdc.next_try(reason text, attempts integer) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN reason IN ('TOPIC_UNKNOWN', 'SCHEMA_UNKNOWN') AND attempts < 5
              THEN clock_timestamp() + interval '1 minute' * (4 ^ attempts)::integer END
$$;
--> statement-breakpoint
-- Letters whose time has come. The attempt counts before it is made: one that ends half way is not made for ever.
CREATE FUNCTION cdc.dead_letters_due(at_most integer) RETURNS TABLE (id bigint, topic text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE cdc.dead_letters d SET attempts = d.attempts + 1, next_try_at = cdc.next_try(d.reason, d.attempts + 1)
   WHERE d.id IN (SELECT due.id FROM cdc.dead_letters due
                   WHERE due.resolved_at IS NULL AND due.next_try_at <= clock_timestamp()
                   ORDER BY due.next_try_at LIMIT at_most FOR UPDATE SKIP LOCKED)
  RETURNING d.id, d.topic
$$;
--> statement-breakpoint
/*
 * Publishes what a dead letter kept back, as things are now: the row is taken away from the places that its
 * letters name, then read again where it is. Publishing a letter itself would bring back what later changes
 * have replaced. All open letters of the row are answered by that, so all are resolved: else one that fails
 * again would leave more letters than before. Answers how many.
 */
CREATE FUNCTION cdc.dead_letter_redrive(letter_id bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  letter cdc.dead_letters;
  captured cdc.captured_tables;
  letters bigint[];
  place record;
BEGIN
  SELECT * INTO letter FROM cdc.dead_letters d WHERE d.id = letter_id;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no dead letter %', letter_id USING ERRCODE = 'no_data_found'; END IF;
  captured := cdc.captured_by(letter.topic);
  -- Locked in one order: two who re-drive letters of one row do not wait for each other in a circle.
  SELECT array_agg(o.id) INTO letters
    FROM (SELECT d.id FROM cdc.dead_letters d
           WHERE d.topic = letter.topic AND d.aggregate_id = letter.aggregate_id AND d.resolved_at IS NULL
             AND (d.id = letter_id OR captured.source IS NOT NULL)
           ORDER BY d.id FOR UPDATE) o;
  IF letters IS NULL OR letter_id <> ALL (letters) THEN
    SELECT * INTO letter FROM cdc.dead_letters d WHERE d.id = letter_id;
    RAISE EXCEPTION 'dead letter % is % already', letter_id, letter.resolution USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF captured.source IS NULL THEN
    -- The application wrote it itself: there is no row, only the message.
    PERFORM cdc.emit(letter.topic, letter.key, letter.payload, letter.headers);
  ELSE
    PERFORM cdc.hold_row(captured.source, letter.aggregate_id);
    -- Both places of a letter have its key: an update that changes it is captured as d and c.
    FOR place IN
      SELECT d.key, p.image::json AS image
        FROM cdc.dead_letters d
       CROSS JOIN LATERAL unnest(CASE d.op::text
          WHEN 'u' THEN ARRAY[(d.payload -> 'before')::text, (d.payload -> 'after')::text]
          WHEN 'd' THEN ARRAY[(d.payload -> 'before')::text]
          ELSE ARRAY[d.payload::text] END) WITH ORDINALITY p (image, nth)
       WHERE d.id = ANY (letters)
       GROUP BY d.key, p.image
       ORDER BY min(d.id), min(p.nth)
    LOOP
      PERFORM cdc.put_row(letter.topic, letter.aggregate_id, place.key, 'd', json_build_object('before', place.image));
    END LOOP;
    PERFORM cdc.reread(letter.topic, letter.aggregate_id);
    PERFORM cdc.wake();
  END IF;
  UPDATE cdc.dead_letters SET resolved_at = clock_timestamp(), resolution = 'redriven', next_try_at = NULL WHERE id = ANY (letters);
  RETURN cardinality(letters);
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.dead_letter_discard(letter_id bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE letter cdc.dead_letters;
BEGIN
  SELECT * INTO letter FROM cdc.dead_letters d WHERE d.id = letter_id FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no dead letter %', letter_id USING ERRCODE = 'no_data_found'; END IF;
  IF letter.resolved_at IS NOT NULL THEN
    RAISE EXCEPTION 'dead letter % is % already', letter_id, letter.resolution USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE cdc.dead_letters SET resolved_at = clock_timestamp(), resolution = 'discarded', next_try_at = NULL WHERE id = letter_id;
  RETURN 1;
END $fn$;
--> statement-breakpoint
CREATE INDEX dead_letters_open ON cdc.dead_letters (id) WHERE resolved_at IS NULL;
--> statement-breakpoint
CREATE INDEX dead_letters_due ON cdc.dead_letters (next_try_at) WHERE resolved_at IS NULL AND next_try_at IS NOT NULL;
--> statement-breakpoint
CREATE INDEX dead_letters_resolved ON cdc.dead_letters (resolved_at) WHERE resolved_at IS NOT NULL;
--> statement-breakpoint
-- For all letters of a row.
CREATE INDEX dead_letters_row ON cdc.dead_letters (topic, aggregate_id);
--> statement-breakpoint
/*
 * What is known of the records of dead-letter topics. The records stay in Kafka; what can be asked for, and
 * what was decided, is here, so that both kinds of letters are found, counted and resolved alike.
 */
CREATE TABLE api.topic_letters (
  dlq text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  topic text NOT NULL,
  key text,
  reason text NOT NULL,
  message text NOT NULL,
  failed_at timestamptz NOT NULL,
  resolved_at timestamptz,
  resolution text CHECK (resolution IN ('redriven', 'discarded')),
  attempts integer NOT NULL DEFAULT 0,
  next_try_at timestamptz,
  PRIMARY KEY (dlq, partition, record_offset)
);
--> statement-breakpoint
CREATE INDEX topic_letters_open ON api.topic_letters (failed_at) WHERE resolved_at IS NULL;
--> statement-breakpoint
CREATE INDEX topic_letters_due ON api.topic_letters (next_try_at) WHERE resolved_at IS NULL AND next_try_at IS NOT NULL;
--> statement-breakpoint
-- For those that fail again.
CREATE INDEX topic_letters_redriven ON api.topic_letters (topic, key) WHERE resolution = 'redriven';
--> statement-breakpoint
CREATE INDEX topic_letters_resolved ON api.topic_letters (resolved_at) WHERE resolved_at IS NOT NULL;
--> statement-breakpoint
-- How far each dead-letter topic was read: what was forgotten is not found again.
CREATE TABLE api.topic_letters_read (
  dlq text NOT NULL,
  partition integer NOT NULL,
  next bigint NOT NULL,
  PRIMARY KEY (dlq, partition)
);
--> statement-breakpoint
CREATE VIEW api.dead_letters AS
  SELECT 'outbox:' || id AS id, 'outbox' AS origin, topic, key, reason, message, failed_at, resolved_at, resolution, attempts, next_try_at
    FROM cdc.dead_letters
   UNION ALL
  SELECT dlq || ':' || partition || ':' || record_offset, 'topic', topic, key, reason, message, failed_at, resolved_at, resolution, attempts, next_try_at
    FROM api.topic_letters;
--> statement-breakpoint
-- Deletes letters of both kinds that were resolved so many days ago, some at a time. Open ones stay.
CREATE FUNCTION cdc.forget_dead_letters(keep_days integer, at_most integer) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH in_outbox AS (
    DELETE FROM cdc.dead_letters WHERE id IN (
      SELECT id FROM cdc.dead_letters WHERE resolved_at < clock_timestamp() - make_interval(days => keep_days) LIMIT at_most)
    RETURNING 1
  ), in_topics AS (
    DELETE FROM api.topic_letters WHERE (dlq, partition, record_offset) IN (
      SELECT dlq, partition, record_offset FROM api.topic_letters
       WHERE resolved_at < clock_timestamp() - make_interval(days => keep_days) LIMIT at_most)
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM in_outbox) + (SELECT count(*) FROM in_topics)
$$;

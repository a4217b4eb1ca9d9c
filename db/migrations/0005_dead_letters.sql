-- Puts the present row into the outbox again as op r: readers replace what they hold of it.
CREATE FUNCTION cdc.reread(topic text, row_id text) RETURNS boolean LANGUAGE plpgsql AS $fn$
DECLARE
  captured cdc.captured_tables;
  present json;
  row_key text;
BEGIN
  SELECT * INTO captured FROM cdc.captured_tables c WHERE c.topic = reread.topic;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no captured table is published to topic %', topic;
  END IF;
  -- FOR SHARE: a change that commits later is captured later, so its record comes after this one.
  EXECUTE format('SELECT row_to_json(t), t.%I::text FROM %s t WHERE (%s) = $1 FOR SHARE', captured.key_column, captured.source,
      (SELECT string_agg(format('t.%I::text', c), ' || '','' || ') FROM unnest(cdc.primary_key_of(captured.source)) c))
    INTO present, row_key USING row_id;
  IF present IS NULL THEN RETURN false; END IF;
  INSERT INTO public.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
  VALUES (cdc.slot_now(), cdc.key_hash(row_key, row_id), reread.topic, row_id, row_key, 'r', present, cdc.session_headers());
  PERFORM cdc.wake();
  RETURN true;
END $fn$;
--> statement-breakpoint
-- Says that a row is not at a place any more: op d with the row that would be there.
CREATE FUNCTION cdc.emit_gone(topic text, key_column name, row_id text, place json) RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
  VALUES (cdc.slot_now(), cdc.key_hash(place ->> key_column, row_id), topic, row_id, place ->> key_column, 'd',
          json_build_object('before', place), cdc.session_headers())
$$;
--> statement-breakpoint
/*
 * Publishes what a dead letter kept back, as things are now: the row is taken away from both places
 * that the letter names, then read again where it is, all under a lock on the present row.
 */
CREATE FUNCTION cdc.dead_letter_redrive(letter_id bigint) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE
  letter cdc.dead_letters;
  captured cdc.captured_tables;
  place json;
  places json[];
BEGIN
  SELECT * INTO letter FROM cdc.dead_letters d WHERE d.id = letter_id FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no dead letter %', letter_id; END IF;
  IF letter.resolved_at IS NOT NULL THEN RAISE EXCEPTION 'dead letter % is % already', letter_id, letter.resolution; END IF;
  SELECT * INTO captured FROM cdc.captured_tables c WHERE c.topic = letter.topic;
  IF NOT FOUND THEN
    PERFORM cdc.emit(letter.topic, letter.key, letter.payload, letter.headers);
  ELSE
    EXECUTE format('SELECT FROM %s t WHERE (%s) = $1 FOR SHARE', captured.source,
        (SELECT string_agg(format('t.%I::text', c), ' || '','' || ') FROM unnest(cdc.primary_key_of(captured.source)) c))
      USING letter.aggregate_id;
    places := CASE letter.op::text
      WHEN 'u' THEN ARRAY[letter.payload -> 'before', letter.payload -> 'after']
      WHEN 'd' THEN ARRAY[letter.payload -> 'before']
      ELSE ARRAY[letter.payload] END;
    FOREACH place IN ARRAY places LOOP
      PERFORM cdc.emit_gone(letter.topic, captured.key_column, letter.aggregate_id, place);
    END LOOP;
    PERFORM cdc.reread(letter.topic, letter.aggregate_id);
    PERFORM cdc.wake();
  END IF;
  UPDATE cdc.dead_letters SET resolved_at = now(), resolution = 'redriven' WHERE id = letter_id;
END $fn$;
--> statement-breakpoint
CREATE FUNCTION cdc.dead_letter_discard(letter_id bigint) RETURNS void LANGUAGE plpgsql AS $fn$
BEGIN
  UPDATE cdc.dead_letters SET resolved_at = now(), resolution = 'discarded' WHERE id = letter_id AND resolved_at IS NULL;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no open dead letter %', letter_id; END IF;
END $fn$;
--> statement-breakpoint
-- What was decided about records of dead-letter topics: those stay where they are, in Kafka.
CREATE TABLE api.dead_letter_marks (
  id text PRIMARY KEY,
  resolution text NOT NULL CHECK (resolution IN ('redriven', 'discarded')),
  marked_at timestamptz NOT NULL DEFAULT now()
);

/*
 * What comparing the numbers with SQL said: one row for each stream and run of `npm run reconcile`. The
 * newest one is shown by health, metrics and the pipeline page.
 */
CREATE TABLE cdc.reconciliations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream text NOT NULL,
  -- What was compared: everything, a day, a key.
  scope text NOT NULL DEFAULT 'all',
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  keys bigint NOT NULL,
  differences bigint NOT NULL CHECK (differences >= 0),
  -- Values that could not be compared at one point, and those that are being computed again.
  undecided bigint NOT NULL DEFAULT 0 CHECK (undecided >= 0),
  repaired bigint NOT NULL DEFAULT 0 CHECK (repaired >= 0),
  -- The first ones: [{"what", "expected", "actual"}].
  examples json NOT NULL DEFAULT '[]'
);
--> statement-breakpoint
CREATE INDEX reconciliations_newest ON cdc.reconciliations (stream, finished_at DESC);
--> statement-breakpoint
/*
 * Sends what differs once more. With `how` the record says that it was sent only to mend something: its row is put
 * and changes no number, and parts that it names are computed again; without, it is as any other. A row that is
 * there goes as r. One that is not, or has another key by now, goes as d of what was found under `gone_key`.
 * Answers false when there is nothing to be sent any more.
 */
CREATE FUNCTION cdc.repair(topic text, row_id text, how json, is_gone boolean DEFAULT false, gone_key text DEFAULT NULL, gone json DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $fn$
DECLARE
  captured cdc.captured_tables := cdc.captured_by(topic);
  image json;
  row_key text;
BEGIN
  IF captured.source IS NULL THEN
    RAISE EXCEPTION 'no captured table is published to topic %', topic USING ERRCODE = 'undefined_object';
  END IF;
  -- A change that commits later is captured later, so its record comes after this one.
  PERFORM cdc.hold_row(captured.source, row_id);
  SELECT p.image, p.key INTO image, row_key FROM cdc.present(captured.source, row_id) p;
  IF is_gone THEN
    IF image IS NOT NULL AND row_key IS NOT DISTINCT FROM gone_key THEN RETURN false; END IF;
    row_key := gone_key;
  ELSIF image IS NULL THEN RETURN false;
  END IF;
  INSERT INTO cdc.outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
  VALUES ((SELECT s.slot FROM cdc.outbox_slot s), cdc.key_hash(row_key, row_id), topic, row_id, row_key,
          CASE WHEN is_gone THEN 'd' ELSE 'r' END::"char", CASE WHEN is_gone THEN json_build_object('before', gone) ELSE image END,
          CASE WHEN how IS NOT NULL THEN json_build_object('repair', how) END);
  PERFORM cdc.wake();
  RETURN true;
END $fn$;
--> statement-breakpoint
SELECT cdc.fix_texts('cdc.repair(text, text, json, boolean, text, json)');

/*
 * Where the relay is, per lane. It lives beside the rows on purpose: both fail over and restore together.
 * Everything visible in snap_from is published; while snap_to is set, a frozen batch is being paged and
 * everything of it up to last_id is published.
 */
CREATE TABLE cdc.relay_cursor (
  lane smallint PRIMARY KEY,
  lanes smallint NOT NULL,
  snap_from pg_snapshot NOT NULL,
  snap_to pg_snapshot,
  last_id bigint NOT NULL DEFAULT 0,
  -- Rows of transactions that began after snap_from have higher ids.
  id_floor bigint NOT NULL DEFAULT 0,
  epoch bigint NOT NULL DEFAULT 0,
  owner text,
  system_identifier text,
  timeline integer,
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
--> statement-breakpoint
INSERT INTO cdc.relay_cursor (lane, lanes, snap_from) VALUES (0, 1, '1:1:');
--> statement-breakpoint
-- Takes a lane: epochs only grow, over all lanes, also after a restore of an older state.
CREATE FUNCTION cdc.take_lane(want smallint, who text) RETURNS SETOF cdc.relay_cursor LANGUAGE plpgsql AS $$
BEGIN
  SET LOCAL synchronous_commit = on;
  PERFORM pg_advisory_xact_lock(913370002);
  RETURN QUERY
    UPDATE cdc.relay_cursor c
       SET epoch = greatest((SELECT max(epoch) + 1 FROM cdc.relay_cursor),
                            (extract(epoch FROM clock_timestamp()) * 1000000)::bigint),
           owner = who, updated_at = now()
     WHERE c.lane = want
    RETURNING c.*;
END $$;
--> statement-breakpoint
CREATE TABLE cdc.dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  outbox_id bigint NOT NULL,
  created_at timestamptz NOT NULL,
  topic text NOT NULL,
  aggregate_id text NOT NULL,
  key text,
  op "char" NOT NULL,
  payload json NOT NULL,
  headers json,
  reason text NOT NULL,
  message text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  resolution text CHECK (resolution IN ('redriven', 'discarded')),
  UNIQUE (outbox_id, created_at)
);
--> statement-breakpoint
-- Rows not certainly published yet, and the oldest of them.
CREATE FUNCTION cdc.unpublished() RETURNS TABLE (rows bigint, oldest timestamptz) LANGUAGE sql STABLE AS $$
  SELECT count(*), min(o.created_at)
    FROM cdc.relay_cursor c
    JOIN public.outbox_events o
      ON o.txid >= pg_snapshot_xmin(c.snap_from) AND (o.hash & (c.lanes - 1)) = c.lane
   WHERE NOT pg_visible_in_snapshot(o.txid, c.snap_from)
     AND NOT (c.snap_to IS NOT NULL AND o.id <= c.last_id AND pg_visible_in_snapshot(o.txid, c.snap_to))
$$;
--> statement-breakpoint
CREATE VIEW public.outbox_status AS
  SELECT o.id, o.slot, o.topic, o.aggregate_id, o.key, o.op, o.created_at,
         CASE WHEN pg_visible_in_snapshot(o.txid, c.snap_from)
                OR (c.snap_to IS NOT NULL AND o.id <= c.last_id AND pg_visible_in_snapshot(o.txid, c.snap_to))
              THEN 'published' ELSE 'pending' END AS status
    FROM public.outbox_events o
    JOIN cdc.relay_cursor c ON (o.hash & (c.lanes - 1)) = c.lane;
--> statement-breakpoint
/*
 * Empties the oldest slot when every row in it is covered by a cursor. Never waits for a writer longer
 * than its lock timeout. Only at READ COMMITTED: an older snapshot would not see rows that committed
 * since, and they would be lost.
 */
CREATE FUNCTION cdc.rotate() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  oldest smallint := (cdc.slot_now() + 1) % 3;
  slot_table text := format('public.outbox_events_%s', oldest);
  found boolean;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'cdc.rotate() works at READ COMMITTED only';
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %s)', slot_table) INTO found;
  IF NOT found THEN RETURN 'empty'; END IF;
  PERFORM set_config('lock_timeout', '20ms', true);
  BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', slot_table);
  EXCEPTION WHEN lock_not_available THEN RETURN 'locked';
  END;
  EXECUTE format('SELECT EXISTS (SELECT FROM cdc.relay_cursor c CROSS JOIN LATERAL
                    (SELECT FROM %s o WHERE o.txid >= pg_snapshot_xmin(c.snap_from) AND (o.hash & (c.lanes - 1)) = c.lane LIMIT 1) x)',
                 slot_table) INTO found;
  IF found THEN RETURN 'waiting'; END IF;
  EXECUTE format('TRUNCATE ONLY %s', slot_table);
  RETURN 'truncated';
END $$;

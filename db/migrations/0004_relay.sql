/*
 * Where the relay is, per lane. It lives beside the rows on purpose: both fail over and restore together.
 * Everything visible in snap_from is published; while snap_to is set, a frozen batch is being paged and
 * everything of it up to last_id is published.
 */
CREATE TABLE cdc.relay_cursor (
  lane smallint PRIMARY KEY CHECK (lane >= 0 AND lane < lanes),
  lanes smallint NOT NULL CHECK (lanes BETWEEN 1 AND 1024 AND (lanes & (lanes - 1)) = 0),
  snap_from pg_snapshot NOT NULL,
  snap_to pg_snapshot,
  last_id bigint NOT NULL DEFAULT 0,
  -- The highest id that the lane has published.
  highest_id bigint NOT NULL DEFAULT 0,
  epoch bigint NOT NULL DEFAULT 0,
  owner text,
  -- Owners that ended since the cursor moved; the row that the last of them had noted, and how many had.
  ends integer NOT NULL DEFAULT 0,
  suspect_id bigint,
  suspect_ends integer NOT NULL DEFAULT 0,
  system_identifier text,
  timeline integer,
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
--> statement-breakpoint
INSERT INTO cdc.relay_cursor (lane, lanes, snap_from) VALUES (0, 1, '1:1:');
--> statement-breakpoint
-- Epochs are global and only grow, also when an older state was restored. Call it under the lock.
CREATE FUNCTION cdc.next_epoch() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT greatest((SELECT max(c.epoch) + 1 FROM cdc.relay_cursor c), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
$$;
--> statement-breakpoint
/*
 * Gives a lane a new epoch, and with it to a new owner: whoever held an earlier one sees no row any more.
 * Committed synchronously; the takeover snapshot is taken after that commit.
 */
CREATE FUNCTION cdc.take_lane(want smallint, who text) RETURNS SETOF cdc.relay_cursor LANGUAGE plpgsql AS $$
BEGIN
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'this server is a standby: its snapshots do not show which transactions run'
      USING ERRCODE = 'read_only_sql_transaction', HINT = 'Point DATABASE_URL at the primary.';
  END IF;
  PERFORM set_config('synchronous_commit', 'on', true);
  PERFORM pg_advisory_xact_lock(913370002);
  RETURN QUERY
    UPDATE cdc.relay_cursor c
       SET epoch = cdc.next_epoch(), owner = who, updated_at = clock_timestamp(),
           -- An owner that comes again is alive.
           ends = c.ends + (coalesce(c.owner, who) NOT IN (who, 'set-lanes'))::integer,
           suspect_ends = c.suspect_ends + (c.suspect_id IS NOT NULL AND coalesce(c.owner, who) NOT IN (who, 'set-lanes'))::integer
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
  -- Tries made by itself, and when the next one is due; null: never by itself.
  attempts integer NOT NULL DEFAULT 0,
  next_try_at timestamptz,
  UNIQUE (outbox_id, created_at)
);
--> statement-breakpoint
/*
 * Rows not certainly published yet, and the oldest of them. Up to at_most rows of a lane are counted;
 * beyond that the number is estimated from their ids.
 */
CREATE FUNCTION cdc.unpublished(at_most integer DEFAULT 100000) RETURNS TABLE (rows bigint, oldest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(sum(CASE WHEN w.counted < at_most THEN w.counted
                           ELSE greatest(w.counted, (pg_sequence_last_value('cdc.outbox_events_id_seq') - w.lowest) / c.lanes) END), 0)::bigint,
         min(w.oldest)
    FROM cdc.relay_cursor c
    CROSS JOIN LATERAL (
      SELECT count(*) AS counted, min(x.id) AS lowest, min(x.created_at) AS oldest
        FROM ((SELECT o.id, o.txid, o.created_at FROM cdc.outbox_events o
                WHERE o.txid >= pg_snapshot_xmax(c.snap_from) AND (o.hash & (c.lanes - 1)) = c.lane
                  AND NOT (c.snap_to IS NOT NULL AND o.id <= c.last_id AND pg_visible_in_snapshot(o.txid, c.snap_to))
                LIMIT at_most)
              UNION ALL
              (SELECT o.id, o.txid, o.created_at FROM pg_snapshot_xip(c.snap_from) late
                CROSS JOIN LATERAL (SELECT * FROM cdc.outbox_events q WHERE q.txid = late OFFSET 0) o
                WHERE (o.hash & (c.lanes - 1)) = c.lane
                  AND NOT (c.snap_to IS NOT NULL AND o.id <= c.last_id AND pg_visible_in_snapshot(o.txid, c.snap_to))
                LIMIT at_most)) x) w
$$;
--> statement-breakpoint
CREATE VIEW cdc.outbox_status AS
  SELECT o.id, o.slot, o.topic, o.aggregate_id, o.key, o.op, o.created_at,
         CASE WHEN pg_visible_in_snapshot(o.txid, c.snap_from)
                OR (c.snap_to IS NOT NULL AND o.id <= c.last_id AND pg_visible_in_snapshot(o.txid, c.snap_to))
              THEN 'published' ELSE 'pending' END AS status
    FROM cdc.outbox_events o
    JOIN cdc.relay_cursor c ON (o.hash & (c.lanes - 1)) = c.lane;
--> statement-breakpoint
-- The names by which people look at them, where an application has nothing of these names and schema public is ours to
-- write to. Nothing of ours uses them.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['outbox_events', 'outbox_status'] LOOP
    IF has_schema_privilege(to_regnamespace('public')::oid, 'CREATE')
       AND to_regclass('public.' || name) IS NULL AND to_regtype('public.' || name) IS NULL THEN
      EXECUTE format('CREATE VIEW public.%1$I AS SELECT * FROM cdc.%1$I', name);
    END IF;
  END LOOP;
END $$;
--> statement-breakpoint
-- Which server this is: a relay that finds another than it knew publishes everything again.
CREATE FUNCTION cdc.cluster() RETURNS TABLE (system_identifier text, timeline integer, is_standby boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.system_identifier::text,
         -- The file name knows the timeline at once; the control file only after the next checkpoint.
         CASE WHEN NOT pg_is_in_recovery() THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END,
         pg_is_in_recovery()
    FROM pg_control_system() s
$$;
--> statement-breakpoint
/*
 * Ids below ids_below may have been published: it is raised here, then outside of PostgreSQL, and only then rows go
 * out. A database that says less than what stands outside is one of the past.
 *
 * Ids between void_from and void_to may have been given twice, once in a history that is lost: a row that has one gets
 * another, from next_id on, before it is published. The sequence goes on far beyond those.
 */
CREATE TABLE cdc.outbox_ids (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  ids_below bigint NOT NULL DEFAULT 0,
  void_from bigint NOT NULL DEFAULT 0,
  void_to bigint NOT NULL DEFAULT 0,
  next_id bigint NOT NULL DEFAULT 0,
  -- When the source was last found to have gone back, and how.
  went_back_at timestamptz,
  went_back_why text
);
--> statement-breakpoint
INSERT INTO cdc.outbox_ids DEFAULT VALUES;
--> statement-breakpoint
-- Allows a million ids more than were given. Durable when it answers.
CREATE FUNCTION cdc.raise_ids() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE raised bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  UPDATE cdc.outbox_ids i SET ids_below = greatest(i.ids_below + 1, (SELECT last_value FROM cdc.outbox_events_id_seq) + 1000000)
  RETURNING i.ids_below INTO STRICT raised;
  RETURN raised;
END $$;
--> statement-breakpoint
-- What is committed is on disk when it answers, also what was committed asynchronously.
CREATE FUNCTION cdc.flush() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'local', true);
  PERFORM pg_logical_emit_message(true, 'cdc', '');
END $$;
--> statement-breakpoint
/*
 * Rows that are not published and have an id that is void get another one, in the order in which they were written,
 * and a transaction that no cursor has seen. Answers how many. Ids from next_id on are below those that writers get
 * meanwhile: a later change of the same row keeps the higher one.
 */
CREATE FUNCTION cdc.give_ids() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids cdc.outbox_ids;
  given bigint;
BEGIN
  SELECT * INTO STRICT ids FROM cdc.outbox_ids FOR UPDATE;
  PERFORM set_config('cdc.may_change_outbox', 'on', true);
  WITH void AS (
    SELECT o.tableoid AS part, o.ctid AS place, o.id, ids.next_id - 1 + row_number() OVER (ORDER BY o.created_at, o.id) AS new_id
      FROM cdc.outbox_events o
      JOIN cdc.relay_cursor c ON (o.hash & (c.lanes - 1)) = c.lane
     WHERE o.id > ids.void_from AND o.id < ids.void_to
       AND NOT (pg_visible_in_snapshot(o.txid, c.snap_from)
                OR (c.snap_to IS NOT NULL AND o.id <= c.last_id AND pg_visible_in_snapshot(o.txid, c.snap_to)))
  ), moved AS (
    UPDATE cdc.outbox_events o SET id = v.new_id, txid = pg_current_xact_id()
      FROM void v WHERE o.tableoid = v.part AND o.ctid = v.place
    RETURNING v.id AS old_id, o.id AS new_id, o.created_at
  ), letters AS (
    UPDATE cdc.dead_letters d SET outbox_id = m.new_id FROM moved m WHERE d.outbox_id = m.old_id AND d.created_at = m.created_at
  )
  SELECT count(*) INTO given FROM moved;
  PERFORM set_config('cdc.may_change_outbox', '', true);
  UPDATE cdc.outbox_ids SET next_id = ids.next_id + given;
  RETURN given;
END $$;
--> statement-breakpoint
/*
 * The source has gone back (ingestor/history.ts says how it is told). Ids go on beyond everything that was ever
 * published; of another history, cursors begin again, so that everything in the outbox is published once more: what
 * the lane had published of this very state keeps its ids and changes nothing, everything later gets new ones.
 *
 * Rows restored from a cluster that was further on carry transaction numbers that this one has yet to reach, and would
 * stay invisible: they get ours.
 */
CREATE FUNCTION cdc.start_again(why text, published_below bigint, is_other_history boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- More than will ever wait for a new id.
  reserved CONSTANT bigint := 1000000000;
  server record;
  ids cdc.outbox_ids;
  published bigint;
  first_valid bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  PERFORM pg_advisory_xact_lock(913370002);
  SELECT * INTO STRICT server FROM cdc.cluster();
  SELECT * INTO STRICT ids FROM cdc.outbox_ids FOR UPDATE;
  SELECT max(c.highest_id) INTO STRICT published FROM cdc.relay_cursor c;
  -- The owner of another lane may have been here first.
  IF is_other_history AND ids.ids_below >= published_below AND NOT EXISTS (
       SELECT FROM cdc.relay_cursor c WHERE c.system_identifier IS DISTINCT FROM server.system_identifier
                                         OR c.timeline IS DISTINCT FROM server.timeline) THEN
    RETURN;
  END IF;
  first_valid := greatest(ids.ids_below, published_below, published + 1, ids.next_id, (SELECT last_value + 1 FROM cdc.outbox_events_id_seq));
  PERFORM setval('cdc.outbox_events_id_seq', first_valid + reserved);
  UPDATE cdc.outbox_ids SET
    void_from = least(CASE WHEN void_to > 0 THEN void_from END, CASE WHEN is_other_history THEN published ELSE 0 END),
    void_to = first_valid, next_id = first_valid, ids_below = first_valid + reserved,
    went_back_at = clock_timestamp(), went_back_why = why;
  IF is_other_history THEN
    UPDATE cdc.relay_cursor SET snap_from = '1:1:', snap_to = NULL, last_id = 0,
           system_identifier = server.system_identifier, timeline = server.timeline;
    PERFORM set_config('cdc.may_change_outbox', 'on', true);
    UPDATE cdc.outbox_events SET txid = pg_current_xact_id()
     WHERE txid >= pg_snapshot_xmax(pg_current_snapshot()) AND txid <> pg_current_xact_id();
    PERFORM set_config('cdc.may_change_outbox', '', true);
  END IF;
  -- Owners know which ids are void from when they took their lanes: all have to take them again.
  UPDATE cdc.relay_cursor SET epoch = cdc.next_epoch();
  PERFORM cdc.give_ids();
END $$;
--> statement-breakpoint
/*
 * True when every row of a slot is published. Snapshots of one server are nested: what the oldest cursor
 * sees, all of them have published. Costs a look-up for each transaction that was running, no scan.
 */
CREATE FUNCTION cdc.is_published(slot_table regclass) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  published pg_snapshot;
  is_waiting boolean;
BEGIN
  -- After a restore or a failover a cursor says nothing about these rows until its lane is taken again.
  IF EXISTS (SELECT FROM cdc.relay_cursor c, cdc.cluster() s
              WHERE c.system_identifier IS DISTINCT FROM s.system_identifier OR c.timeline IS DISTINCT FROM s.timeline) THEN
    RETURN false;
  END IF;
  SELECT c.snap_from INTO STRICT published FROM cdc.relay_cursor c
   ORDER BY pg_snapshot_xmax(c.snap_from), (SELECT count(*) FROM pg_snapshot_xip(c.snap_from)) DESC LIMIT 1;
  EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %1$s WHERE txid >= pg_snapshot_xmax($1))
                      OR EXISTS (SELECT FROM pg_snapshot_xip($1) late JOIN %1$s o ON o.txid = late)', slot_table)
    INTO is_waiting USING published;
  RETURN NOT is_waiting;
END $$;
--> statement-breakpoint
/*
 * One step of retention: empties the oldest slot when every row in it is published and old enough, and
 * opens the next slot when the present one is. Answers what it did: truncated, opened, or why it did
 * nothing: empty, waiting (rows are unpublished or young), locked (a writer is at work there), busy.
 *
 * Oldest first, so that no slot with a later change of a row goes before one with an earlier change.
 * Only at READ COMMITTED: an older snapshot would not see rows that committed since, and lose them.
 */
CREATE FUNCTION cdc.rotate() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rules cdc.settings;
  present cdc.outbox_slot;
  part regclass;
  oldest regclass;
  newest_at timestamptz;
  is_filled boolean;
  outcome text := 'empty';
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'cdc.rotate() works at READ COMMITTED only' USING ERRCODE = 'active_sql_transaction';
  END IF;
  IF NOT pg_try_advisory_xact_lock(913370003) THEN RETURN 'busy'; END IF;
  SELECT * INTO STRICT rules FROM cdc.settings;
  SELECT * INTO STRICT present FROM cdc.outbox_slot;
  -- Slots are filled in a ring: the first filled one after the present is the oldest.
  FOR step IN 1..3 LOOP
    part := format('cdc.outbox_events_%s', (present.slot + step) % 4)::regclass;
    EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', part) INTO is_filled;
    IF is_filled THEN oldest := part; EXIT; END IF;
  END LOOP;
  IF oldest IS NOT NULL THEN
    EXECUTE format('SELECT created_at FROM ONLY %s ORDER BY id DESC LIMIT 1', oldest) INTO newest_at;
    IF newest_at > clock_timestamp() - make_interval(secs => rules.keep_seconds) OR NOT cdc.is_published(oldest) THEN
      outcome := 'waiting';
    ELSE
      outcome := cdc.truncate_slot(oldest, rules.rotate_lock_ms);
    END IF;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM ONLY cdc.outbox_events_%s)', (present.slot + 1) % 4) INTO is_filled;
  IF NOT is_filled AND present.opened_at < clock_timestamp() - make_interval(secs => rules.slot_seconds) THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM ONLY cdc.outbox_events_%s)', present.slot) INTO is_filled;
    IF is_filled THEN
      UPDATE cdc.outbox_slot SET slot = (present.slot + 1) % 4, opened_at = clock_timestamp();
      IF outcome <> 'truncated' THEN outcome := 'opened'; END IF;
    END IF;
  END IF;
  RETURN outcome;
END $$;
--> statement-breakpoint
-- Looks again under the lock: a writer may have committed since.
CREATE FUNCTION cdc.truncate_slot(slot_table regclass, lock_ms integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('lock_timeout', lock_ms || 'ms', true);
  BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', slot_table);
  EXCEPTION WHEN lock_not_available THEN RETURN 'locked';
  END;
  IF NOT cdc.is_published(slot_table) THEN RETURN 'waiting'; END IF;
  PERFORM set_config('cdc.may_change_outbox', 'on', true);
  EXECUTE format('TRUNCATE ONLY %s', slot_table);
  PERFORM set_config('cdc.may_change_outbox', '', true);
  RETURN 'truncated';
END $$;
--> statement-breakpoint
-- Size and age of each slot. Rows are an estimate.
CREATE VIEW cdc.slot_status AS
  SELECT s.slot, s.slot = p.slot AS is_present,
         pg_stat_get_live_tuples(t.oid) AS rows_estimated, pg_total_relation_size(t.oid) AS bytes,
         (SELECT o.created_at FROM cdc.outbox_events o WHERE o.slot = s.slot ORDER BY o.id LIMIT 1) AS oldest_at,
         (SELECT o.created_at FROM cdc.outbox_events o WHERE o.slot = s.slot ORDER BY o.id DESC LIMIT 1) AS newest_at
    FROM generate_series(0, 3) s (slot)
    JOIN pg_class t ON t.oid = to_regclass(format('cdc.outbox_events_%s', s.slot))
   CROSS JOIN cdc.outbox_slot p;

CREATE SCHEMA IF NOT EXISTS cdc;
--> statement-breakpoint
-- CACHE 1: ids must grow in the order in which row locks were taken.
CREATE SEQUENCE cdc.outbox_events_id_seq CACHE 1;
--> statement-breakpoint
/*
 * Every captured change, in the transaction that made it. Rows are never updated and never deleted one
 * by one: slots are partitions, emptied as a whole by cdc.rotate(). A row is known by (id, created_at):
 * after a crash with asynchronous commit PostgreSQL can hand out an id and a txid again.
 */
CREATE TABLE cdc.outbox_events (
  id bigint NOT NULL DEFAULT nextval('cdc.outbox_events_id_seq'),
  slot smallint NOT NULL,
  txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  -- Ten bits of the key's hash. Lanes are a matter of the relay: hash & (lanes - 1).
  hash smallint NOT NULL,
  topic text NOT NULL,
  aggregate_id text NOT NULL,
  key text,
  op "char" NOT NULL CHECK (op IN ('c', 'u', 'd', 'r')),
  payload json NOT NULL,
  headers json,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) PARTITION BY LIST (slot);
--> statement-breakpoint
-- Slots live for minutes: vacuuming what is about to be emptied is work for nothing.
CREATE TABLE cdc.outbox_events_0 PARTITION OF cdc.outbox_events FOR VALUES IN (0) WITH (autovacuum_vacuum_insert_threshold = -1);
--> statement-breakpoint
CREATE TABLE cdc.outbox_events_1 PARTITION OF cdc.outbox_events FOR VALUES IN (1) WITH (autovacuum_vacuum_insert_threshold = -1);
--> statement-breakpoint
CREATE TABLE cdc.outbox_events_2 PARTITION OF cdc.outbox_events FOR VALUES IN (2) WITH (autovacuum_vacuum_insert_threshold = -1);
--> statement-breakpoint
CREATE TABLE cdc.outbox_events_3 PARTITION OF cdc.outbox_events FOR VALUES IN (3) WITH (autovacuum_vacuum_insert_threshold = -1);
--> statement-breakpoint
-- Nobody but retention takes rows away, and nobody changes one: what is not published would be lost or told twice.
CREATE FUNCTION cdc.refuse_outbox_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('cdc.may_change_outbox', true) IS DISTINCT FROM 'on' THEN
    RAISE EXCEPTION '% of the outbox is refused: rows that are not published would be lost', TG_OP
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Published rows go by themselves. To do it all the same: SET LOCAL cdc.may_change_outbox = on.';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON cdc.outbox_events FOR EACH STATEMENT EXECUTE FUNCTION cdc.refuse_outbox_change();
--> statement-breakpoint
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON cdc.outbox_events_0 FOR EACH STATEMENT EXECUTE FUNCTION cdc.refuse_outbox_change();
--> statement-breakpoint
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON cdc.outbox_events_1 FOR EACH STATEMENT EXECUTE FUNCTION cdc.refuse_outbox_change();
--> statement-breakpoint
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON cdc.outbox_events_2 FOR EACH STATEMENT EXECUTE FUNCTION cdc.refuse_outbox_change();
--> statement-breakpoint
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON cdc.outbox_events_3 FOR EACH STATEMENT EXECUTE FUNCTION cdc.refuse_outbox_change();
--> statement-breakpoint
-- Pages are read by it. Not unique: a sequence that was set back must not fail a writer; the relay sees to it (ADR 76).
CREATE INDEX outbox_events_id ON cdc.outbox_events (id);
--> statement-breakpoint
-- Finds the rows of given transactions, and of all from one on. Measured beside others: docs/adr/0003.
CREATE INDEX outbox_events_txid ON cdc.outbox_events (txid);
--> statement-breakpoint
-- The slot that is written to. Writers look it up while they hold their rows' locks, so the changes of
-- one row never go to an older slot than the changes before them.
CREATE TABLE cdc.outbox_slot (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  slot smallint NOT NULL CHECK (slot BETWEEN 0 AND 3),
  opened_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
--> statement-breakpoint
INSERT INTO cdc.outbox_slot (slot) VALUES (0);
--> statement-breakpoint
CREATE TABLE cdc.settings (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  -- A new slot is opened after this long, when one is empty.
  slot_seconds integer NOT NULL DEFAULT 300 CHECK (slot_seconds BETWEEN 1 AND 86400),
  -- Published rows are kept at least this long.
  keep_seconds integer NOT NULL DEFAULT 0 CHECK (keep_seconds BETWEEN 0 AND 2592000),
  -- Longest time for which emptying a slot may keep a writer waiting.
  rotate_lock_ms integer NOT NULL DEFAULT 20 CHECK (rotate_lock_ms BETWEEN 1 AND 5000)
);
--> statement-breakpoint
INSERT INTO cdc.settings DEFAULT VALUES;

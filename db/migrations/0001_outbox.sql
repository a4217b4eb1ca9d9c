CREATE SCHEMA cdc;
--> statement-breakpoint
-- CACHE 1: ids must grow in the order in which row locks were taken.
CREATE SEQUENCE public.outbox_events_id_seq CACHE 1;
--> statement-breakpoint
CREATE TABLE public.outbox_events (
  id bigint NOT NULL DEFAULT nextval('public.outbox_events_id_seq'),
  slot smallint NOT NULL,
  txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  hash smallint NOT NULL,
  topic text NOT NULL,
  aggregate_id text NOT NULL,
  key text,
  op "char" NOT NULL,
  payload json NOT NULL,
  headers json,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (id, slot)
) PARTITION BY LIST (slot);
--> statement-breakpoint
CREATE TABLE public.outbox_events_0 PARTITION OF public.outbox_events FOR VALUES IN (0);
--> statement-breakpoint
CREATE TABLE public.outbox_events_1 PARTITION OF public.outbox_events FOR VALUES IN (1);
--> statement-breakpoint
CREATE TABLE public.outbox_events_2 PARTITION OF public.outbox_events FOR VALUES IN (2);
--> statement-breakpoint
CREATE INDEX outbox_events_txid ON public.outbox_events (txid);

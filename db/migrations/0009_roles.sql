/*
 * Roles without login: grant them to the users that relay and API log in as. Roles belong to the whole
 * server, so another database may have made them, at this very moment too.
 */
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['cdc_relay', 'cdc_api'] LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', name); END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
END $$;
--> statement-breakpoint
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cdc FROM PUBLIC;
--> statement-breakpoint
GRANT USAGE ON SCHEMA cdc TO cdc_relay, cdc_api;
--> statement-breakpoint
-- The relay reads the outbox and moves its cursor. It sees no source table.
GRANT SELECT ON public.outbox_events TO cdc_relay;
--> statement-breakpoint
GRANT SELECT, UPDATE ON cdc.relay_cursor TO cdc_relay;
--> statement-breakpoint
GRANT SELECT, INSERT ON cdc.dead_letters TO cdc_relay;
--> statement-breakpoint
GRANT SELECT ON public.outbox_events_id_seq TO cdc_relay;
--> statement-breakpoint
GRANT SELECT ON cdc.outbox_ids, cdc.slot_status, cdc.settings, cdc.outbox_slot, public.outbox_status, cdc.backfills TO cdc_relay;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION cdc.take_lane(smallint, text), cdc.next_epoch(), cdc.rotate(), cdc.unpublished(integer), cdc.cluster(), cdc.backfill_step(integer, text[]) TO cdc_relay;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION cdc.next_try(text, integer), cdc.dead_letters_due(integer), cdc.dead_letter_redrive(bigint), cdc.forget_dead_letters(integer, integer), cdc.follow(), cdc.check(), cdc.raise_ids(), cdc.flush(), cdc.give_ids(), cdc.start_again(text, bigint, boolean) TO cdc_relay;
--> statement-breakpoint
-- The API reads and writes source tables, whose triggers write the outbox; itself it may not.
GRANT SELECT, INSERT, UPDATE, DELETE ON public.content, public.engagement_events, public.activity_events TO cdc_api;
--> statement-breakpoint
GRANT USAGE ON SEQUENCE public.engagement_events_id_seq, public.activity_events_id_seq TO cdc_api;
--> statement-breakpoint
GRANT SELECT ON public.outbox_status, cdc.relay_cursor, cdc.dead_letters, cdc.slot_status, cdc.backfills TO cdc_api;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION cdc.unpublished(integer), cdc.reread(text, text), cdc.next_try(text, integer), cdc.dead_letter_redrive(bigint), cdc.dead_letter_discard(bigint), cdc.steer_backfill(bigint, text) TO cdc_api;
--> statement-breakpoint
-- For health: what is captured, whether as it should be (cdc.check() with what it calls), and the last comparisons.
GRANT SELECT ON cdc.captured_tables, cdc.reconciliations, cdc.outbox_ids TO cdc_api;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION cdc.check() TO cdc_api;
--> statement-breakpoint
GRANT USAGE ON SCHEMA api TO cdc_api;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA api TO cdc_api;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA api GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cdc_api;

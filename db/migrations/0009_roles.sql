-- Whether tables of these names are the sample's: an application may have its own.
CREATE FUNCTION cdc.has_sample() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT to_regclass('cdc.sample_migrations') IS NOT NULL $$;
--> statement-breakpoint
/*
 * What the roles of relay, API and worker may do: the roles have no login, grant them to the users that the services
 * log in as. The relay reads the outbox and moves its cursor; it sees no source table. The API writes the sample tables,
 * where we made them, whose triggers write the outbox; itself it may not. The worker has its queue (schema jobs) and
 * the runs of jobs; of source tables it writes those that a job of ours fills.
 */
CREATE FUNCTION cdc.wanted_grants() RETURNS TABLE (role name, kind text, object text, privilege text) LANGUAGE sql STABLE AS $$
  SELECT w.role::name, w.kind, o, p
    FROM (VALUES
      ('cdc_relay', 'DATABASE', ARRAY[quote_ident(current_database())], 'CONNECT'),
      ('cdc_relay', 'SCHEMA', '{public, cdc}', 'USAGE'),
      ('cdc_relay', 'TABLE', '{cdc.outbox_events, cdc.outbox_status, cdc.relay_cursor, cdc.dead_letters, cdc.slot_status, cdc.settings,
                               cdc.outbox_slot, cdc.outbox_ids, cdc.backfills}', 'SELECT'),
      ('cdc_relay', 'TABLE', '{cdc.relay_cursor}', 'UPDATE'),
      ('cdc_relay', 'TABLE', '{cdc.dead_letters}', 'INSERT'),
      ('cdc_relay', 'FUNCTION', '{"cdc.take_lane(smallint, text)", cdc.next_epoch(), cdc.rotate(), cdc.unpublished(integer), cdc.cluster(),
                                  "cdc.backfill_step(integer, text[])", "cdc.next_try(text, integer)", cdc.dead_letters_due(integer),
                                  cdc.dead_letter_redrive(bigint), "cdc.forget_dead_letters(integer, integer)", cdc.follow(), cdc.check(),
                                  cdc.raise_ids(), cdc.flush(), cdc.give_ids(), "cdc.start_again(text, bigint, boolean)"}', 'EXECUTE'),
      ('cdc_relay', 'SEQUENCE', '{cdc.outbox_events_id_seq}', 'SELECT'),
      ('cdc_api', 'DATABASE', ARRAY[quote_ident(current_database())], 'CONNECT'),
      ('cdc_api', 'SCHEMA', '{public, cdc, api}', 'USAGE'),
      ('cdc_api', 'TABLE', (SELECT array_agg(t.oid::regclass::text)
                              FROM pg_class t WHERE t.relnamespace = 'api'::regnamespace AND t.relkind IN ('r', 'p', 'v'))
                           || CASE WHEN cdc.has_sample() THEN '{public.content, public.engagement_events, public.activity_events}'::text[] END,
       'SELECT, INSERT, UPDATE, DELETE'),
      ('cdc_api', 'SEQUENCE', CASE WHEN cdc.has_sample() THEN '{public.engagement_events_id_seq, public.activity_events_id_seq}'::text[] END, 'USAGE'),
      -- For health: what is captured, whether as it should be (cdc.check() with what it calls), and the last comparisons.
      ('cdc_api', 'TABLE', '{cdc.outbox_status, cdc.relay_cursor, cdc.dead_letters, cdc.slot_status, cdc.backfills, cdc.captured_tables,
                             cdc.reconciliations, cdc.outbox_ids, cdc.jobs, cdc.job_runs}', 'SELECT'),
      ('cdc_api', 'FUNCTION', '{cdc.unpublished(integer), "cdc.reread(text, text)", "cdc.next_try(text, integer)", cdc.dead_letter_redrive(bigint),
                                cdc.dead_letter_discard(bigint), "cdc.steer_backfill(bigint, text)", cdc.check(), cdc.printed(anyelement),
                                cdc.ask_job(text), "cdc.pause_job(text, boolean)"}', 'EXECUTE'),
      ('cdc_worker', 'DATABASE', ARRAY[quote_ident(current_database())], 'CONNECT'),
      ('cdc_worker', 'SCHEMA', '{public, cdc, api, jobs}', 'USAGE'),
      ('cdc_worker', 'TABLE', '{api.alert_channels, api.alert_rules, api.alert_holds, api.alert_leases, api.alert_incidents, api.alert_deliveries}',
       'SELECT, INSERT, UPDATE, DELETE'),
      -- Not there yet in a database that was only migrated: init makes it.
      ('cdc_worker', 'TABLE', (SELECT array_agg(t.oid::regclass::text)
                                 FROM pg_class t WHERE t.relnamespace = to_regnamespace('jobs') AND t.relkind IN ('r', 'p')),
       'SELECT, INSERT, UPDATE, DELETE'),
      ('cdc_worker', 'TABLE', '{cdc.jobs}', 'SELECT, INSERT, UPDATE, DELETE'),
      ('cdc_worker', 'TABLE', '{cdc.job_runs}', 'SELECT, INSERT, UPDATE'),
      ('cdc_worker', 'FUNCTION', '{"cdc.forget_history(integer, integer, integer)", "api.tell_alerts(bigint[], text)"}', 'EXECUTE'),
      -- Older servers cannot look for a function of a type that is not there.
      ('cdc_worker', 'FUNCTION', CASE WHEN to_regtype('api.alert_incidents') IS NOT NULL THEN '{"api.alert_message(api.alert_incidents, text)"}'::text[] END,
       'EXECUTE'),
      ('cdc_worker', 'TABLE', CASE WHEN cdc.has_sample() THEN '{public.users}'::text[] END, 'SELECT, INSERT, UPDATE')
    ) w (role, kind, objects, privileges)
   CROSS JOIN unnest(w.objects) o
   CROSS JOIN regexp_split_to_table(w.privileges, ', ') p
$$;
--> statement-breakpoint
-- What of it is missing, and whether we may grant it. What is not there (any more) is left out.
CREATE FUNCTION cdc.missing_grants() RETURNS TABLE (statement text, is_ours boolean) LANGUAGE sql STABLE AS $$
  SELECT format('GRANT %s ON %s %s TO %I', string_agg(w.privilege, ', '), w.kind, w.object, w.role),
         bool_and(CASE w.kind
           WHEN 'DATABASE' THEN has_database_privilege(current_database(), w.privilege || ' WITH GRANT OPTION')
           WHEN 'SCHEMA' THEN has_schema_privilege(w.object, w.privilege || ' WITH GRANT OPTION')
           WHEN 'TABLE' THEN has_table_privilege(w.object, w.privilege || ' WITH GRANT OPTION')
           WHEN 'SEQUENCE' THEN has_sequence_privilege(w.object, w.privilege || ' WITH GRANT OPTION')
           ELSE has_function_privilege(w.object, w.privilege || ' WITH GRANT OPTION') END)
    FROM cdc.wanted_grants() w
    JOIN pg_roles r ON r.rolname = w.role
   WHERE CASE w.kind
           WHEN 'DATABASE' THEN NOT has_database_privilege(w.role, current_database(), w.privilege)
           WHEN 'SCHEMA' THEN to_regnamespace(w.object) IS NOT NULL AND NOT has_schema_privilege(w.role, w.object, w.privilege)
           WHEN 'TABLE' THEN to_regclass(w.object) IS NOT NULL AND NOT has_table_privilege(w.role, w.object, w.privilege)
           WHEN 'SEQUENCE' THEN to_regclass(w.object) IS NOT NULL AND NOT has_sequence_privilege(w.role, w.object, w.privilege)
           ELSE to_regprocedure(w.object) IS NOT NULL AND NOT has_function_privilege(w.role, w.object, w.privilege) END
   GROUP BY w.role, w.kind, w.object
   ORDER BY w.role, w.kind, w.object
$$;
--> statement-breakpoint
/*
 * Makes the roles and grants what is missing. Roles belong to the whole server, so another database may have made
 * them, at this very moment too; and making one needs CREATEROLE, which an owner of a database need not have. So
 * every `npm run init` does this again. Answers the statements that somebody else has to run.
 */
CREATE FUNCTION cdc.grant_roles() RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  name text;
  missing record;
BEGIN
  FOREACH name IN ARRAY ARRAY['cdc_relay', 'cdc_api', 'cdc_worker'] LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', name); END IF;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL;
      WHEN insufficient_privilege THEN RETURN NEXT format('CREATE ROLE %I NOLOGIN', name);
    END;
  END LOOP;
  FOR missing IN SELECT * FROM cdc.missing_grants() LOOP
    IF missing.is_ours THEN EXECUTE missing.statement; ELSE RETURN NEXT missing.statement; END IF;
  END LOOP;
  -- For tables of migrations to come.
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cdc_api')
     AND NOT EXISTS (SELECT FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) g
                      WHERE d.defaclnamespace = 'api'::regnamespace AND pg_get_userbyid(d.defaclrole) = current_user AND pg_get_userbyid(g.grantee) = 'cdc_api') THEN
    ALTER DEFAULT PRIVILEGES IN SCHEMA api GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cdc_api;
  END IF;
END $fn$;
--> statement-breakpoint
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cdc FROM PUBLIC;
--> statement-breakpoint
SELECT cdc.grant_roles();

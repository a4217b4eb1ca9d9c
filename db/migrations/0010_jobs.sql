/*
 * What runs by itself: jobs as their declarations say (a worker writes them at its start), and a row for each run of
 * one. The queue that carries runs to workers is pg-boss's, in schema `jobs`.
 */
CREATE TABLE cdc.jobs (
  name text PRIMARY KEY,
  what text NOT NULL,
  -- When it is due, in a time zone; null: when those in `after` have succeeded, of the same tick.
  cron text,
  zone text NOT NULL,
  after text[] NOT NULL DEFAULT '{}',
  -- Tries after the first, the waits before them in seconds, and how long each may take.
  retries integer NOT NULL,
  back_off_s integer NOT NULL,
  back_off_max_s integer NOT NULL,
  time_limit_s integer NOT NULL,
  -- Why it does not run here; null: it does.
  off text,
  paused_at timestamptz,
  -- Null: paused, off, without a time of its own, or to be found by the next look.
  next_at timestamptz,
  CHECK ((cron IS NULL) = (cardinality(after) > 0))
);
--> statement-breakpoint
CREATE TABLE cdc.job_runs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job text NOT NULL,
  -- The time that it was due for: that of its cron, of the run that it comes after, or when it was asked for.
  tick timestamptz NOT NULL,
  cause text NOT NULL CHECK (cause IN ('cron', 'after', 'asked')),
  state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'queued', 'running', 'retrying', 'succeeded', 'failed', 'skipped')),
  attempt integer NOT NULL DEFAULT 0,
  -- Of pg-boss.
  queue_id uuid,
  -- Host and process of the last attempt.
  worker text,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz,
  -- Of the last attempt, and [{"attempt", "at", "error"}] of each that failed.
  error text,
  failures jsonb NOT NULL DEFAULT '[]',
  result json,
  UNIQUE (job, tick),
  CHECK ((state IN ('succeeded', 'failed', 'skipped')) = (finished_at IS NOT NULL))
);
--> statement-breakpoint
-- Runs of one job never overlap.
CREATE UNIQUE INDEX job_runs_open ON cdc.job_runs (job) WHERE finished_at IS NULL;
--> statement-breakpoint
CREATE INDEX job_runs_newest ON cdc.job_runs (job, id DESC);
--> statement-breakpoint
CREATE INDEX job_runs_finished ON cdc.job_runs (finished_at) WHERE finished_at IS NOT NULL;
--> statement-breakpoint
-- Asks for a run, now; null when one is under way already.
CREATE FUNCTION cdc.ask_job(job_name text) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO cdc.job_runs (job, tick, cause)
  SELECT name, date_trunc('milliseconds', clock_timestamp()), 'asked' FROM cdc.jobs WHERE name = job_name AND off IS NULL
  ON CONFLICT DO NOTHING RETURNING id
$$;
--> statement-breakpoint
-- What comes due while it is paused does not run, then or later.
CREATE FUNCTION cdc.pause_job(job_name text, is_paused boolean) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE cdc.jobs SET paused_at = CASE WHEN is_paused THEN clock_timestamp() END, next_at = NULL
   WHERE name = job_name AND (paused_at IS NOT NULL) <> is_paused
$$;
--> statement-breakpoint
/*
 * Deletes what was written down so many days ago, some at a time: runs, comparisons, backfills that ended, requests
 * that were answered. The last run of a job and the last comparison of a whole stream stay, whatever their age.
 */
CREATE FUNCTION cdc.forget_history(runs_days integer, records_days integer, at_most integer)
RETURNS TABLE (what text, forgotten bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH days AS (
    SELECT clock_timestamp() - make_interval(days => runs_days) AS runs,
           clock_timestamp() - make_interval(days => records_days) AS records
  ), runs AS (
    DELETE FROM cdc.job_runs WHERE id IN (
      SELECT r.id FROM cdc.job_runs r, days
       WHERE r.finished_at < days.runs AND EXISTS (SELECT FROM cdc.job_runs n WHERE n.job = r.job AND n.id > r.id)
       LIMIT at_most)
    RETURNING 1
  ), comparisons AS (
    DELETE FROM cdc.reconciliations WHERE id IN (
      SELECT r.id FROM cdc.reconciliations r, days
       WHERE r.finished_at < days.records
         AND EXISTS (SELECT FROM cdc.reconciliations n WHERE n.stream = r.stream AND n.scope = 'all' AND n.id > r.id)
       LIMIT at_most)
    RETURNING 1
  ), backfills AS (
    DELETE FROM cdc.backfills WHERE id IN (
      SELECT b.id FROM cdc.backfills b, days
       WHERE b.state IN ('done', 'cancelled', 'failed') AND b.finished_at < days.records LIMIT at_most)
    RETURNING 1
  ), requests AS (
    DELETE FROM api.activity_requests WHERE id IN (
      SELECT q.id FROM api.activity_requests q, days WHERE q.finished_at < days.records LIMIT at_most)
    RETURNING 1
  )
  SELECT 'runs', (SELECT count(*) FROM runs) UNION ALL
  SELECT 'comparisons', (SELECT count(*) FROM comparisons) UNION ALL
  SELECT 'backfills', (SELECT count(*) FROM backfills) UNION ALL
  SELECT 'requests', (SELECT count(*) FROM requests)
$$;
--> statement-breakpoint
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cdc FROM PUBLIC;
--> statement-breakpoint
SELECT cdc.grant_roles();

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

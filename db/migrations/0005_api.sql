CREATE SCHEMA api;
--> statement-breakpoint
-- Secrets that every API process shares, made once: they sign cursors and sessions.
CREATE TABLE api.secrets (
  name text PRIMARY KEY,
  value text NOT NULL
);
--> statement-breakpoint
INSERT INTO api.secrets (name, value)
VALUES ('signing', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
--> statement-breakpoint
-- A key is shown once, when it is made; here is only its hash.
CREATE TABLE api.keys (
  prefix text PRIMARY KEY CHECK (prefix ~ '^[a-z2-7]{8}$'),
  name text NOT NULL,
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  scopes text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'write', 'admin'] AND cardinality(scopes) > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
--> statement-breakpoint
-- Asynchronous writes: a request is answered when its row is committed, and done later.
CREATE TABLE api.activity_requests (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  principal text NOT NULL,
  traceparent text,
  activity json NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
  event_id bigint,
  error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
--> statement-breakpoint
CREATE INDEX activity_requests_pending ON api.activity_requests (created_at) WHERE status = 'pending';
--> statement-breakpoint
-- One effect per Idempotency-Key: the answer is stored with the effect.
CREATE TABLE api.idempotency (
  principal text NOT NULL,
  key text NOT NULL,
  route text NOT NULL,
  request_hash bytea NOT NULL,
  status smallint,
  answer json,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (principal, key)
);
--> statement-breakpoint
CREATE INDEX idempotency_created_at ON api.idempotency (created_at);
--> statement-breakpoint
-- Filters of questions under a name, of one stream each.
CREATE TABLE api.segments (
  stream text NOT NULL,
  name text NOT NULL,
  filters json NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (stream, name)
);

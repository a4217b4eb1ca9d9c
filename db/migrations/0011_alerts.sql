/*
 * Alerts (docs/ALERTS.md): rules, the incidents that they open, and what is to be sent of those. Whoever opens or
 * resolves incidents queues their messages in the same transaction, by `api.tell_alerts`.
 */
CREATE TABLE api.alert_channels (
  name text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('webhook', 'mail')),
  -- A URL, or an address of mail.
  address text NOT NULL,
  -- Of a webhook: signs its messages, so it is here as it is.
  secret text CHECK ((secret IS NOT NULL) = (kind = 'webhook')),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- How often in a row the receiver was away; nothing is sent before `retry_at`.
  failures integer NOT NULL DEFAULT 0,
  retry_at timestamptz,
  -- Who sends now, and until when nobody else does.
  lease uuid,
  leased_until timestamptz
);
--> statement-breakpoint
CREATE TABLE api.alert_rules (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL UNIQUE,
  stream text NOT NULL,
  metric text NOT NULL,
  -- Watched by each of its values; null: as a whole.
  dimension text,
  filters json NOT NULL DEFAULT '[]',
  kind text NOT NULL CHECK (kind IN ('above', 'below', 'change', 'absence', 'deviation')),
  threshold double precision CHECK ((threshold IS NULL) = (kind = 'absence')),
  direction text NOT NULL DEFAULT 'both' CHECK (direction IN ('up', 'down', 'both')),
  window_minutes integer NOT NULL CHECK (window_minutes BETWEEN 1 AND 1440),
  days integer NOT NULL CHECK (days BETWEEN 1 AND 28),
  open_after_seconds integer NOT NULL DEFAULT 0 CHECK (open_after_seconds BETWEEN 0 AND 86400),
  resolve_after_seconds integer NOT NULL DEFAULT 0 CHECK (resolve_after_seconds BETWEEN 0 AND 86400),
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  channels text[] NOT NULL DEFAULT '{}',
  muted_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  -- What the evaluator says of it: when it was judged last, and why it is not.
  judged_at timestamptz,
  not_judged text
);
--> statement-breakpoint
-- Rows whose condition is other than what is open, and since when.
CREATE TABLE api.alert_holds (
  rule_id uuid NOT NULL REFERENCES api.alert_rules ON DELETE CASCADE,
  subject text NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (rule_id, subject)
);
--> statement-breakpoint
-- One worker evaluates: whoever holds this until it ends.
CREATE TABLE api.alert_leases (
  name text PRIMARY KEY,
  owner uuid NOT NULL,
  until timestamptz NOT NULL
);
--> statement-breakpoint
CREATE TABLE api.alert_incidents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- What found it: the id of a rule; `anomalies` of readings.
  source text NOT NULL,
  -- Of which row: a value of the rule's dimension, a device and its sensor; empty of the whole.
  subject text NOT NULL,
  rule text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('above', 'below', 'change', 'absence', 'deviation', 'anomaly')),
  stream text NOT NULL,
  metric text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  status text NOT NULL GENERATED ALWAYS AS (CASE WHEN resolved_at IS NULL THEN 'open' ELSE 'resolved' END) STORED,
  -- What was found when it opened, and what it was compared with.
  value double precision,
  expected double precision,
  summary text NOT NULL,
  -- Of an anomaly: its readings.
  details json NOT NULL DEFAULT '{}',
  channels text[] NOT NULL DEFAULT '{}',
  opened_at timestamptz NOT NULL DEFAULT now(),
  -- When its last odd reading was found.
  changed_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  resolution text,
  seconds double precision GENERATED ALWAYS AS (extract(epoch FROM resolved_at - opened_at)::double precision) STORED,
  acknowledged_at timestamptz,
  acknowledged_by text,
  muted_until timestamptz
);
--> statement-breakpoint
CREATE UNIQUE INDEX alert_incidents_open ON api.alert_incidents (source, subject) WHERE resolved_at IS NULL;
--> statement-breakpoint
CREATE INDEX alert_incidents_subject ON api.alert_incidents (source, subject, id DESC);
--> statement-breakpoint
CREATE TABLE api.alert_deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel text NOT NULL REFERENCES api.alert_channels ON DELETE CASCADE,
  -- The same whenever it is sent again: receivers drop doubles by it.
  message_id text NOT NULL,
  payload json NOT NULL,
  -- dead: given up; discarded: somebody has decided that it needs nothing more.
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead', 'discarded')),
  attempts integer NOT NULL DEFAULT 0,
  -- When it was queued, or sent again by hand: it is given up so long after.
  queued_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  error text,
  UNIQUE (channel, message_id)
);
--> statement-breakpoint
CREATE INDEX alert_deliveries_waiting ON api.alert_deliveries (channel, id) WHERE state = 'waiting';
--> statement-breakpoint
CREATE INDEX alert_deliveries_finished ON api.alert_deliveries (state, finished_at) WHERE state <> 'waiting';
--> statement-breakpoint
-- An incident as messages tell it.
CREATE FUNCTION api.alert_message(i api.alert_incidents, event text) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_build_object(
    'type', 'alert.' || event,
    'timestamp', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'data', json_build_object(
      'id', i.id, 'rule', i.rule, 'kind', i.kind, 'severity', i.severity, 'status', i.status,
      'stream', i.stream, 'metric', i.metric, 'subject', i.subject,
      'value', i.value, 'expected', i.expected, 'summary', i.summary,
      'opened_at', to_char(i.opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'resolved_at', to_char(i.resolved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'resolution', i.resolution))
$$;
--> statement-breakpoint
/*
 * Queues what happened to incidents, for each of their channels that there is: once, whatever happens, since the id
 * of a message is that of the incident and of what happened to it. What is muted is not told.
 */
CREATE FUNCTION api.tell_alerts(incidents bigint[], event text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO api.alert_deliveries (channel, message_id, payload)
  SELECT c.name, format('alert_%s_%s', i.id, event), api.alert_message(i, event)
    FROM api.alert_incidents i
    JOIN api.alert_channels c ON c.name = ANY (i.channels)
   WHERE i.id = ANY (incidents)
     AND NOT EXISTS (SELECT FROM api.alert_rules r WHERE r.id::text = i.source AND r.muted_until > now())
     AND NOT EXISTS (SELECT FROM api.alert_incidents m
                      WHERE m.source = i.source AND m.subject = i.subject AND m.muted_until > now())
   ORDER BY i.id, c.name
  ON CONFLICT (channel, message_id) DO NOTHING
$$;

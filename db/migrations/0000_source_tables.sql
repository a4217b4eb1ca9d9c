CREATE TABLE public.content (
  id uuid PRIMARY KEY,
  slug text UNIQUE NOT NULL,
  title text NOT NULL,
  content_type text CHECK (content_type IN ('podcast', 'newsletter', 'video')),
  length_seconds integer CHECK (length_seconds >= 0),
  publish_ts timestamptz NOT NULL
);
--> statement-breakpoint
CREATE TABLE public.engagement_events (
  id bigserial PRIMARY KEY,
  content_id uuid REFERENCES public.content (id),
  user_id uuid,
  event_type text CHECK (event_type IN ('play', 'pause', 'finish', 'click')),
  event_ts timestamptz NOT NULL,
  duration_ms integer CHECK (duration_ms >= 0),
  device text,
  raw_payload jsonb
);
--> statement-breakpoint
CREATE INDEX engagement_events_event_ts ON public.engagement_events (event_ts);
--> statement-breakpoint
CREATE INDEX engagement_events_content_id ON public.engagement_events (content_id);
--> statement-breakpoint
CREATE TABLE public.activity_events (
  id bigserial PRIMARY KEY,
  user_id text NOT NULL,
  activity_type text NOT NULL,
  occurred_at timestamptz DEFAULT now(),
  metadata jsonb
);
--> statement-breakpoint
CREATE INDEX activity_events_user_id ON public.activity_events (user_id, id);

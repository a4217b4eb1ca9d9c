CREATE TABLE "activity_events" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"activity_type" text NOT NULL,
	"occurred_at" timestamp with time zone DEFAULT now(),
	"metadata" jsonb
);
--> statement-breakpoint
CREATE TABLE "content" (
	"id" uuid PRIMARY KEY NOT NULL,
	"slug" text NOT NULL,
	"title" text NOT NULL,
	"content_type" text,
	"length_seconds" integer,
	"publish_ts" timestamp with time zone NOT NULL,
	CONSTRAINT "content_slug_unique" UNIQUE("slug"),
	CONSTRAINT "content_content_type_check" CHECK ("content"."content_type" IN ('podcast', 'newsletter', 'video')),
	CONSTRAINT "content_length_seconds_check" CHECK ("content"."length_seconds" >= 0)
);
--> statement-breakpoint
CREATE TABLE "engagement_events" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"content_id" uuid,
	"user_id" uuid,
	"event_type" text,
	"event_ts" timestamp with time zone NOT NULL,
	"duration_ms" integer,
	"device" text,
	"raw_payload" jsonb,
	CONSTRAINT "engagement_events_event_type_check" CHECK ("engagement_events"."event_type" IN ('play', 'pause', 'finish', 'click')),
	CONSTRAINT "engagement_events_duration_ms_check" CHECK ("engagement_events"."duration_ms" >= 0)
);
--> statement-breakpoint
ALTER TABLE "engagement_events" ADD CONSTRAINT "engagement_events_content_id_content_id_fk" FOREIGN KEY ("content_id") REFERENCES "public"."content"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "activity_events_user_id" ON "activity_events" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "engagement_events_event_ts" ON "engagement_events" USING btree ("event_ts");--> statement-breakpoint
CREATE INDEX "engagement_events_content_id" ON "engagement_events" USING btree ("content_id");
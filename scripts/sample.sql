-- What an empty local database is filled with, so that there is something to see. Ids and slugs are its own:
-- what documents and tutorials insert goes in beside it.
INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
VALUES
  ('5a3b1e00-0000-4000-8000-000000000001', 'sample-morning-news', 'The morning news', 'podcast', 1800, now() - INTERVAL '2 days'),
  ('5a3b1e00-0000-4000-8000-000000000002', 'sample-letter', 'Letter from the workshop', 'newsletter', NULL, now() - INTERVAL '1 day'),
  ('5a3b1e00-0000-4000-8000-000000000003', 'sample-tides', 'How tides are measured', 'video', 5400, now() - INTERVAL '3 hours');

INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device, raw_payload)
VALUES
  ('5a3b1e00-0000-4000-8000-000000000001', '5a3b1e00-0000-4000-8000-00000000000a', 'play', now() - INTERVAL '1 hour', 30000, 'ios', '{"bitrate": "128kbps"}'),
  ('5a3b1e00-0000-4000-8000-000000000001', '5a3b1e00-0000-4000-8000-00000000000a', 'pause', now() - INTERVAL '59 minutes', NULL, 'ios', '{"reason": "a call"}'),
  ('5a3b1e00-0000-4000-8000-000000000001', '5a3b1e00-0000-4000-8000-00000000000b', 'finish', now() - INTERVAL '30 minutes', 1800000, 'web-safari', '{"quality": "HD"}'),
  ('5a3b1e00-0000-4000-8000-000000000003', '5a3b1e00-0000-4000-8000-00000000000c', 'click', now() - INTERVAL '10 minutes', NULL, 'android', '{"button": "subscribe"}');

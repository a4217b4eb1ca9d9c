/** What a newcomer pastes first goes in, whatever is there already. */
import {readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {openOutboxWorld} from './outbox-world.ts'

const SAMPLE = readFileSync('scripts/sample.sql', 'utf8')
const README = /```sql run\n(.*?)```/s.exec(readFileSync('README.md', 'utf8'))![1]!

/** Ids and slugs that tutorials of such a pipeline use. */
const TUTORIAL = `
INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
VALUES
  ('11111111-1111-1111-1111-111111111111', 'daily-news-ep1', 'Daily News – Episode 1', 'podcast', 1800, NOW() - INTERVAL '2 days'),
  ('22222222-2222-2222-2222-222222222222', 'tech-weekly', 'Tech Weekly Newsletter', 'newsletter', NULL, NOW() - INTERVAL '1 day'),
  ('33333333-3333-3333-3333-333333333333', 'ai-documentary', 'AI Documentary 2025', 'video', 5400, NOW() - INTERVAL '3 hours');
INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device, raw_payload)
VALUES
  ('11111111-1111-1111-1111-111111111111', 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 'play',   NOW() - INTERVAL '1 hour', 30000, 'ios', '{"bitrate": "128kbps"}'),
  ('33333333-3333-3333-3333-333333333333', 'cccccccc-cccc-cccc-cccc-cccccccccccc', 'click',  NOW() - INTERVAL '10 minutes', NULL, 'android', '{"button": "subscribe"}');`

describe.each([
  ['an empty database', ''],
  ['a database with the sample', SAMPLE],
])('in %s', (_, filling) => {
  test('the INSERTs of README run, twice too, and those of tutorials beside them', async () => {
    await using world = await openOutboxWorld()
    if (filling !== '') await world.client.query(filling)
    const count = async (): Promise<number> => {
      const {rows} = await world.client.query<{n: number}>(
        'SELECT count(*)::int AS n FROM engagement_events',
      )
      return rows[0]!.n
    }
    const before = await count()
    await world.client.query(README)
    await world.client.query(README)
    await world.client.query(TUTORIAL)
    expect(await count()).toBe(before + 4)
  })
})

test('the statements of docs/RELAY.md give a change its trace and its remarks', async () => {
  await using world = await openOutboxWorld()
  const [, block] = /```sql run\n(.*?)```/s.exec(readFileSync('docs/RELAY.md', 'utf8'))!
  await world.client.query(block!)
  const {rows} = await world.client.query(
    "SELECT headers ->> 'traceparent' AS traceparent, headers -> 'annotations' AS annotations FROM public.outbox_events WHERE topic = 'engagement_events'",
  )
  expect(rows).toEqual([
    {
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      annotations: {by: 'import 7'},
    },
  ])
})

/** What health says of alerts, from PostgreSQL. */
import {expect, test} from 'vitest'
import {readAlertStanding, warningsOfAlerts} from '../worker/alerts/standing.ts'
import {openAlertWorld} from './alert-world.ts'

const RULE = `
  INSERT INTO api.alert_rules (name, stream, metric, kind, threshold, window_minutes, days, severity, changed_at, judged_at, not_judged)
  VALUES ($1, 'activity', 'activities', 'above', 1, 5, 7, 'warning',
          now() - $2 * interval '1 s', now() - $3 * interval '1 s', $4)`

test('a rule is told that nobody has judged for three minutes, which is three times as long as it may take', async () => {
  await using world = await openAlertWorld()
  const rules = [
    ['judged', 3600, 10, null],
    ['new', 10, null, null],
    ['late', 3600, 170, null],
    ['forgotten', 3600, 190, null],
    ['never', 3600, null, null],
    ['refused', 3600, 600, 'numbers are old'],
  ] as const
  for (const values of rules) await world.pool.query(RULE, [...values])
  const {rules: found} = await readAlertStanding(world.pool)
  expect(found.map(({name, why}) => [name, why])).toEqual([
    ['never', null],
    ['refused', 'numbers are old'],
    ['forgotten', null],
  ])
})

test('a channel is told with what was given up and what waits, and is silent when all is sent or discarded', async () => {
  await using world = await openAlertWorld()
  await world.addChannel('pager')
  await world.addChannel('quiet')
  await world.pool.query(
    `INSERT INTO api.alert_deliveries (channel, message_id, payload, state, queued_at, finished_at, error)
     VALUES ('pager', 'a', '{}', 'dead', now() - interval '1 h', now(), 'it answers 400'),
            ('pager', 'b', '{}', 'dead', now() - interval '1 h', now(), 'it answers 410'),
            ('pager', 'c', '{}', 'waiting', now() - interval '300 s', NULL, 'it answers 503'),
            ('pager', 'd', '{}', 'waiting', now(), NULL, NULL),
            ('quiet', 'e', '{}', 'sent', now(), now(), NULL),
            ('quiet', 'f', '{}', 'discarded', now(), now(), 'it answers 400')`,
  )
  const standing = await readAlertStanding(world.pool)
  expect(standing.channels).toMatchObject([
    {name: 'pager', dead: 2, dead_why: 'it answers 410', waiting: 2, waiting_why: 'it answers 503'},
  ])
  expect(Object.keys(warningsOfAlerts(standing))).toEqual(['channel pager'])
})

/** Incidents in PostgreSQL: opened and resolved with their messages, once, whoever evaluates. */
import {expect, test} from 'vitest'
import type {OddReading} from '../worker/alerts/anomaly-readings.ts'
import {createAnomalyTable} from '../worker/alerts/anomaly-table.ts'
import {createEvaluator} from '../worker/alerts/evaluator.ts'
import {applyChanges, type Changes} from '../worker/alerts/incident-table.ts'
import {createLease} from '../worker/alerts/lease.ts'
import type {Measured} from '../worker/alerts/measure.ts'
import {readStates} from '../worker/alerts/rule-table.ts'
import {alertMetrics, openAlertWorld, SILENT} from './alert-world.ts'
import {until} from './pipeline-world.ts'

const NOTHING: Changes = {open: [], resolve: [], hold: [], forget: []}
const opening = (...subjects: readonly string[]): Changes => ({
  ...NOTHING,
  open: subjects.map(subject => ({subject, value: 11, expected: 10, summary: `${subject} is 11`})),
})

async function openLed(leaseMs = 60_000) {
  const world = await openAlertWorld()
  const lease = createLease(world.pool, {leaseMs})
  await lease.take()
  return {world, deps: {pool: world.pool, lease}}
}

test('INV-156: an incident has its messages from the moment that it is there, each under one id', async () => {
  const {world, deps} = await openLed()
  await using _ = world
  for (const name of ['mail', 'pager', 'other']) await world.addChannel(name)
  const rule = await world.addRule(['mail', 'pager', 'gone'])
  expect(await applyChanges(deps, rule, opening('a', 'b'))).toEqual({opened: 2, resolved: 0})
  expect(await applyChanges(deps, rule, opening('a'))).toEqual({opened: 0, resolved: 0})
  await applyChanges(deps, rule, {...NOTHING, resolve: ['a']})
  expect(await applyChanges(deps, rule, {...NOTHING, resolve: ['a']})).toEqual({
    opened: 0,
    resolved: 0,
  })
  expect(await world.incidents()).toEqual([
    {subject: 'a', status: 'resolved'},
    {subject: 'b', status: 'open'},
  ])
  const ids = (await world.messages()).map(one => `${one.channel} ${one.message_id}`)
  expect(ids).toEqual([
    'mail alert_1_opened',
    'pager alert_1_opened',
    'mail alert_2_opened',
    'pager alert_2_opened',
    'mail alert_1_resolved',
    'pager alert_1_resolved',
  ])
  const [{payload} = {payload: {}}] = await world.rowsOf<{payload: object}>(
    'SELECT payload FROM api.alert_deliveries ORDER BY id LIMIT 1',
  )
  expect(payload).toMatchObject({
    type: 'alert.opened',
    data: {id: 1, rule: 'many orders', subject: 'a', value: 11, expected: 10, resolved_at: null},
  })
})

test('INV-156: an incident whose messages cannot be queued is not there', async () => {
  const {world, deps} = await openLed()
  await using _ = world
  const rule = await world.addRule()
  await world.pool.query('ALTER FUNCTION api.tell_alerts(bigint[], text) RENAME TO told')
  await expect(applyChanges(deps, rule, opening('a'))).rejects.toThrow('tell_alerts')
  expect(await world.incidents()).toEqual([])
  await world.pool.query('ALTER FUNCTION api.told(bigint[], text) RENAME TO tell_alerts')
  expect(await applyChanges(deps, rule, opening('a'))).toEqual({opened: 1, resolved: 0})
})

test('INV-156: of those who open at the same time one does', async () => {
  const {world, deps} = await openLed()
  await using _ = world
  await world.addChannel('mail')
  const rule = await world.addRule(['mail'])
  const all = await Promise.all(
    Array.from({length: 8}, () => applyChanges(deps, rule, opening('a', 'b'))),
  )
  expect(all.map(({opened}) => opened).toSorted((a, b) => b - a)).toEqual([2, 0, 0, 0, 0, 0, 0, 0])
  expect(await world.messages()).toHaveLength(2)
})

test('INV-155: who has no lease changes nothing, and takes it when it ends', async () => {
  const {world, deps} = await openLed(50)
  await using _ = world
  const rule = await world.addRule()
  const other = createLease(world.pool, {leaseMs: 60_000})
  await until('the lease ended', () => other.take())
  await expect(applyChanges(deps, rule, opening('a'))).rejects.toMatchObject({code: 'FENCED'})
  expect(await deps.lease.take()).toBe(false)
  await other.release()
  expect(await deps.lease.take()).toBe(true)
})

test('what was decided by a rule that was changed since is not done', async () => {
  const {world, deps} = await openLed()
  await using _ = world
  const rule = await world.addRule()
  await world.pool.query(
    'UPDATE api.alert_rules SET threshold = 99, changed_at = clock_timestamp()',
  )
  expect(await applyChanges(deps, rule, opening('a'))).toEqual({opened: 0, resolved: 0})
})

test('what is held is remembered by whoever evaluates next', async () => {
  const {world, deps} = await openLed()
  await using _ = world
  const rule = await world.addRule()
  await applyChanges(deps, rule, {...NOTHING, hold: [{subject: 'a', since: 1_700_000_000_123}]})
  await applyChanges(deps, rule, opening('b'))
  expect(await readStates(world.pool, rule.id)).toEqual(
    new Map([
      ['a', {isOpen: false, since: 1_700_000_000_123}],
      ['b', {isOpen: true, since: null}],
    ]),
  )
  await applyChanges(deps, rule, opening('a'))
  expect([...(await readStates(world.pool, rule.id)).values()]).toEqual([
    {isOpen: true, since: null},
    {isOpen: true, since: null},
  ])
})

test('what is muted opens and is not told: by its rule, or by an incident of the same row', async () => {
  const {world, deps} = await openLed()
  await using _ = world
  await world.addChannel('mail')
  const rule = await world.addRule(['mail'])
  await world.pool.query(`UPDATE api.alert_rules SET muted_until = now() + interval '1 hour'`)
  await applyChanges(deps, rule, opening('a'))
  expect(await world.messages()).toEqual([])
  await world.pool.query('UPDATE api.alert_rules SET muted_until = now()')
  await world.pool.query(`UPDATE api.alert_incidents SET muted_until = now() + interval '1 hour'`)
  await applyChanges(deps, rule, {...NOTHING, resolve: ['a']})
  await applyChanges(deps, rule, opening('a', 'b'))
  expect((await world.messages()).map(one => one.message_id)).toEqual(['alert_3_opened'])
})

test('an evaluator opens by what is served, says why it cannot judge, and another one takes over', async () => {
  await using world = await openAlertWorld()
  const rule = await world.addRule()
  let found: Measured = {kind: 'notJudged', reason: 'there are no numbers of orders now'}
  const values = (rows: Readonly<Record<string, number>>): Measured => ({
    kind: 'values',
    values: {present: new Map(Object.entries(rows)), past: []},
  })
  const start = () => {
    const stop = new AbortController()
    const evaluator = createEvaluator(
      {
        pool: world.pool,
        lease: createLease(world.pool, {leaseMs: 500}),
        measure: {measure: async () => await Promise.resolve(found), retain: () => undefined},
        streams: [],
        metrics: alertMetrics(),
        log: SILENT,
        now: Date.now,
      },
      {tickMs: 20, renewMs: 100, concurrencyMax: 2},
    )
    const ended = evaluator.run(stop.signal)
    return async () => {
      stop.abort()
      await ended
    }
  }
  const reasonIs = async (reason: string | null) =>
    await until(`not judged: ${reason}`, async () => {
      const [row] = await world.rowsOf<{not_judged: string | null; judged_at: Date | null}>(
        'SELECT not_judged, judged_at FROM api.alert_rules WHERE id = $1',
        [rule.id],
      )
      return row!.not_judged === reason && (reason !== null || row!.judged_at !== null)
    })
  const areThen = async (wanted: readonly string[]) =>
    await until(wanted.join(', '), async () => {
      const now = (await world.incidents()).map(({subject, status}) => `${subject} ${status}`)
      return JSON.stringify(now) === JSON.stringify(wanted)
    })

  const stops = [start(), start()]
  await reasonIs('there are no numbers of orders now')
  expect(await world.incidents()).toEqual([])
  found = values({a: 11, b: 3})
  await areThen(['a open'])
  await reasonIs(null)
  await stops[0]!()
  found = values({a: 3, b: 12})
  await areThen(['a resolved', 'b open'])
  await stops[1]!()
})

test('odd readings of one sensor are one incident until it is quiet, and each is listed once', async () => {
  await using world = await openAlertWorld()
  await world.addChannel('mail')
  const options = {severity: 'warning', channels: ['mail'], quietMs: 60_000} as const
  const table = createAnomalyTable(world.pool, options)
  const odd = (id: number, sensor: string): OddReading => ({
    id: String(id),
    device: 'd1',
    sensor,
    value: id === 3 ? Number.NaN : 90,
    at: '2026-01-31T12:00:00.000000Z',
    why: 'spike',
    expected: 20,
  })
  await table.add([odd(1, 'heat'), odd(2, 'wind')])
  await Promise.all([table.add([odd(1, 'heat'), odd(3, 'heat')]), table.add([odd(3, 'heat')])])
  const counts = async () =>
    (
      await world.rowsOf<{subject: string; status: string; count: string}>(
        `SELECT subject, status, details->>'count' AS count FROM api.alert_incidents ORDER BY id`,
      )
    ).map(({subject, status, count}) => `${subject} ${status} ${count}`)
  expect(await counts()).toEqual(['d1 heat open 2', 'd1 wind open 1'])
  expect(await table.resolve()).toBe(0)
  await world.pool.query(`UPDATE api.alert_incidents SET changed_at = now() - interval '2 minutes'`)
  expect(await table.resolve()).toBe(2)
  // Read again after a restart: it was told.
  await table.add([odd(3, 'heat')])
  await table.add([odd(4, 'heat')])
  expect(await counts()).toEqual(['d1 heat resolved 2', 'd1 wind resolved 1', 'd1 heat open 1'])
  expect((await world.messages()).map(one => one.message_id)).toEqual([
    'alert_1_opened',
    'alert_2_opened',
    'alert_1_resolved',
    'alert_2_resolved',
    'alert_3_opened',
  ])
})

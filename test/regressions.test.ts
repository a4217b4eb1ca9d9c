/** Faults of earlier pipelines of this kind that a pure test rules out; docs/METRICS.md lists all. */
import {expect, test} from 'vitest'
import {Bucket} from '../readmodel/bucket.ts'
import {ByteReader, ByteWriter} from '../readmodel/bytes.ts'
import type {Fields} from '../readmodel/fields.ts'
import {stepOf} from '../readmodel/levels.ts'
import {planStream, type WindowPlan} from '../readmodel/plan.ts'
import {rawTable} from '../readmodel/raw-table.ts'
import {planShown} from '../readmodel/shown.ts'
import {Step, WindowSums} from '../readmodel/step.ts'
import {Tally} from '../readmodel/tally.ts'
import {engagement} from '../streams/sample/engagement.ts'

const CONTENT = 'cccccccc-0000-4000-8000-000000000001'
const USER = 'aaaaaaaa-0000-4000-8000-000000000001'
const SECOND_US = 1_000_000
const plan = planStream(engagement)

const eventOf = (event_id: number, changes: {user_id?: null; event_ts?: number} = {}): Fields => ({
  event_id,
  content_id: CONTENT,
  user_id: USER,
  event_type: 'play',
  event_ts: 1_800_000_000 * SECOND_US,
  duration_ms: 30_000,
  device: 'ios',
  raw_payload: null,
  ...changes,
})

const read = (event: Fields): void =>
  plan.inputs.read(event, {timeUs: plan.timeOf(event), id: plan.idOf(event)})

function stepFigures(window: WindowPlan, events: readonly Fields[]) {
  const step = new Step(window)
  for (const [offset, event] of events.entries()) {
    read(event)
    const key = window.keyOf(event)
    if (key !== null) step.fold(key, plan.inputs, offset, 1)
  }
  const sums = new WindowSums(window)
  for (const key of step.keys()) {
    sums.read(new ByteReader(step.encodeEntry(key, new ByteWriter())))
  }
  return sums.values()
}

test('two events of one user, content and moment are two rows: their ids are the key', () => {
  expect(rawTable(plan, planShown(engagement))).toMatch(
    /PRIMARY KEY \(\(src_partition, block\), event_id\)/,
  )
})

test('events without a user are no viewer, however many they are', () => {
  const [rollup] = plan.rollups
  const bucket = new Bucket(rollup!, 0)
  const viewers = () => {
    const tally = new Tally(rollup!)
    tally.add(bucket, () => ['ios', 'play'])
    return tally.values()['unique_viewers']
  }
  const apply = (id: number, changes?: {user_id: null}): void => {
    read(eventOf(id, changes))
    bucket.apply(0, plan.inputs, id)
  }
  for (let id = 0; id < 50; id++) apply(id, {user_id: null})
  expect(viewers()).toBe(0)
  apply(50)
  apply(51)
  expect(viewers()).toBe(1)
  const [active] = plan.actives
  expect(active!.keyOf(eventOf(1, {user_id: null}))).toBeNull()
})

test('every play of a content counts on the leaderboard, not only the first', () => {
  const [top] = plan.tops
  const events = Array.from({length: 5}, (_, id) => eventOf(id))
  expect(stepFigures(top!, events)).toMatchObject({plays: 5, unique_viewers: 1})
})

test('the steps of a window come from the time of the event, so it slides under steady traffic', () => {
  const base = 1_800_000_000
  const steps = Array.from({length: 60}, (_, n) =>
    stepOf(plan.timeOf(eventOf(n, {event_ts: (base + 10 * n) * SECOND_US}))!),
  )
  expect(new Set(steps).size).toBe(60)
})

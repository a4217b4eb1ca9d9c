import {expect, test} from 'vitest'
import {createMetrics} from '../platform/metrics.ts'
import {createLaneMonitor} from './monitor.ts'

const LANE = {lane: 0, lanes: 1, cursor: {snapFrom: '1:1:', snapTo: null, lastId: 0}} as const

const AWAY = {code: 'UPSTREAM_UNAVAILABLE', message: 'away'} as const

function setup() {
  let clock = 0
  const monitor = createLaneMonitor(createMetrics(), () => clock)
  const take = (epoch: number): void =>
    monitor.taken({
      ...LANE,
      epoch,
      takeover: '1:1:',
      isClean: true,
      wentBack: null,
      voidIds: {from: 0, to: 0},
      ends: {ends: 0, suspect: null, suspectEnds: 0},
    })
  return {monitor, take, wait: (ms: number) => (clock += ms)}
}

test('a lane that fails and is taken again and again has not flowed since', () => {
  const {monitor, take, wait} = setup()
  take(1)
  wait(100)
  monitor.observer(0).caughtUp()
  for (let epoch = 2; epoch < 5; epoch++) {
    wait(1_000)
    monitor.left(0)
    monitor.failed(0, AWAY)
    expect(monitor.flowedAt()).toBe(100)
    take(epoch)
  }
  expect(monitor.states()[0]!.flowedAt).toBe(100)
  monitor.observer(0).caughtUp()
  expect(monitor.states()[0]!.flowedAt).toBe(3_100)
})

test('a lane that comes from another relay begins with its taking', () => {
  const {monitor, take, wait} = setup()
  take(1)
  wait(1_000)
  monitor.left(0)
  take(2)
  expect(monitor.states()[0]!.flowedAt).toBe(1_000)
})

test('a lane that could never be taken has not flowed since the first attempt', () => {
  const {monitor, wait} = setup()
  expect(monitor.flowedAt()).toBeUndefined()
  wait(10)
  monitor.failed(0, AWAY)
  wait(1_000)
  monitor.failed(0, AWAY)
  expect(monitor.flowedAt()).toBe(10)
})

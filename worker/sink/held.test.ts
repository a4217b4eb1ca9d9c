import {expect, test} from 'vitest'
import {createHeld} from './held.ts'

function setup() {
  let clock = 0
  const held = createHeld('http', {now: () => clock, stalledMs: 60_000})
  return {held, wait: (ms: number) => (clock += ms)}
}

const at = (partition: number) => ({topic: 'orders', partition})

test('what waits for long is told, with the partitions and the reason', () => {
  const {held, wait} = setup()
  held.wait(at(2), 'HTTP 503')
  wait(30_000)
  held.wait(at(0), 'HTTP 502')
  held.wait(at(2), 'HTTP 504')
  expect(held.problems()).toEqual([])
  wait(30_000)
  expect(held.longestMs()).toBe(60_000)
  expect(held.problems()).toEqual([
    'sink http: orders/0, orders/2 held back since 60 s: HTTP 504; nothing is lost while Kafka keeps it',
  ])
  held.go(at(2))
  expect([held.longestMs(), held.problems()]).toEqual([30_000, []])
})

test('a sink that stands still is told at once', () => {
  const {held} = setup()
  held.stand('no topic orders: run npm run init')
  expect(held.problems()).toEqual([
    'sink http: nothing is delivered: no topic orders: run npm run init; nothing is lost while Kafka keeps it',
  ])
  held.stand(null)
  expect(held.problems()).toEqual([])
})

import {expect, test} from 'vitest'
import {createBreaker} from './breaker.ts'

const signal = new AbortController().signal
/** What waits is heard of within this. */
const TURN_MS = 5

function setup(changes: {failuresMax?: number; refusalsMax?: number; firstDelayMs?: number} = {}) {
  const order: string[] = []
  const breaker = createBreaker(
    {failuresMax: 2, refusalsMax: 2, firstDelayMs: TURN_MS, maxDelayMs: 4 * TURN_MS, ...changes},
    {now: () => performance.now(), random: () => 1},
  )
  const enter = async (name: string): Promise<void> => {
    await breaker.enter(signal)
    order.push(name)
  }
  return {breaker, order, enter}
}

test('while requests are taken all may go', async () => {
  const {breaker, enter, order} = setup()
  await Promise.all([enter('a'), enter('b'), enter('c')])
  expect(order).toEqual(['a', 'b', 'c'])
  expect(breaker.isOpen).toBe(false)
})

test('INV-163: while it is open one at a time tries, and the first that is taken lets all go', async () => {
  const {breaker, enter, order} = setup()
  breaker.failed(null)
  expect(breaker.isOpen).toBe(false)
  breaker.failed(null)
  expect(breaker.isOpen).toBe(true)
  const waiting = new Set(['a', 'b', 'c'])
  const entered = (): Promise<void> => Promise.race([...waiting].map(name => entering.get(name)!))
  const entering = new Map([...waiting].map(name => [name, enter(name)]))
  for (const tries of [1, 2]) {
    await entered()
    expect(order).toHaveLength(tries)
    waiting.delete(order.at(-1)!)
    if (tries === 1) breaker.failed(null)
  }
  breaker.taken()
  await Promise.all(entering.values())
  expect(breaker.isOpen).toBe(false)
})

test('whoever gives up lets the next one try', async () => {
  const {breaker, enter, order} = setup()
  breaker.failed(null)
  breaker.failed(null)
  const both = [enter('a'), enter('b')]
  await Promise.race(both)
  expect(order).toHaveLength(1)
  breaker.left()
  await Promise.all(both)
})

test('INV-163: nobody asks before the time that an answer named', async () => {
  const {breaker, enter} = setup()
  const beganMs = performance.now()
  breaker.failed(40)
  breaker.failed(0)
  await enter('a')
  // A timer may come a millisecond early.
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(39)
})

test('INV-163: refusals in a row beyond the bound are no refusals of events, until something is taken', () => {
  const {breaker} = setup({refusalsMax: 2})
  expect([breaker.refused(), breaker.refused(), breaker.refused()]).toEqual([true, true, false])
  breaker.taken()
  expect(breaker.refused()).toBe(true)
})

test('what refuses everything opens it', () => {
  const {breaker} = setup({refusalsMax: 0})
  for (let i = 0; i < 2; i++) {
    expect(breaker.refused()).toBe(false)
    breaker.failed(null)
  }
  expect(breaker.isOpen).toBe(true)
})

test('a signal ends the waiting', async () => {
  const {breaker} = setup()
  breaker.failed(60_000)
  const stop = new AbortController()
  const entering = breaker.enter(stop.signal)
  stop.abort()
  await entering
})

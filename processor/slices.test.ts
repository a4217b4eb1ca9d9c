import {expect, test} from 'vitest'
import {createSlices} from './slices.ts'

test('INV-57: timers and sockets get their turn between two slices, however much work waits', async () => {
  const slices = createSlices()
  let turn = 0
  const count = (): void => {
    turn += 1
    immediate = setImmediate(count)
  }
  let immediate = setImmediate(count)
  const seen: Array<{readonly name: string; readonly turn: number}> = []
  const work = async (name: string): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await slices.next()
      seen.push({name, turn})
    }
  }
  await Promise.all([work('a'), work('b')])
  clearImmediate(immediate)
  const works = seen.map(({name}) => name)
  expect(works, 'turns are given in the order they were asked for').toEqual([
    'a',
    'b',
    'a',
    'b',
    'a',
    'b',
  ])
  const turns = seen.map(each => each.turn)
  expect(new Set(turns).size, `one in each turn of the event loop: ${turns.join(' ')}`).toBe(6)
})

test('a slice that is asked for after a quiet time is given', async () => {
  const slices = createSlices()
  await slices.next()
  await new Promise(resolve => setImmediate(resolve))
  await slices.next()
  await Promise.all([slices.next(), slices.next()])
})

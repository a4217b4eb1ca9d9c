import {expect, test} from 'vitest'
import type {Filing} from '../readmodel/files-table.ts'
import {createFilings} from './filings.ts'

const filing = (id: number): Filing => ({id, timeUs: id, key: 'k', offset: id})

test('INV-32: whoever asks waits for what others have taken before', async () => {
  const answers = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const written: number[][] = []
  const filings = createFilings(
    async some => {
      written.push(some.map(({offset}) => offset))
      await answers[written.length - 1]!.promise
    },
    0,
    () => 1,
  )
  filings.add(filing(1))
  const first = filings.flush()
  let isDone = false
  const second = filings.flush().finally(() => {
    isDone = true
  })
  await new Promise(setImmediate)
  expect(isDone).toBe(false)
  answers[0]!.resolve()
  await Promise.all([first, second])
  expect(written).toEqual([[1]])
})

test('what could not be written is written by the next who asks, in its order', async () => {
  const written: number[][] = []
  let isAway = true
  const filings = createFilings(
    async some => {
      if (isAway) throw new Error('away')
      written.push(some.map(({offset}) => offset))
    },
    0,
    () => 1,
  )
  filings.add(filing(1))
  await expect(filings.flush()).rejects.toThrow('away')
  filings.add(filing(2))
  isAway = false
  await filings.flush()
  expect(written).toEqual([[1, 2]])
  expect(filings.size).toBe(0)
})

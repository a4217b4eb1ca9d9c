import {expect, test} from 'vitest'
import {settleAll} from './settle.ts'

test('a failure is told only when every other call has ended', async () => {
  const slow = Promise.withResolvers<number>()
  let told = false
  const all = settleAll([Promise.reject(new Error('no answer')), slow.promise]).catch(
    (error: unknown) => {
      told = true
      throw error
    },
  )
  await new Promise(setImmediate)
  expect(told).toBe(false)
  slow.resolve(1)
  await expect(all).rejects.toThrow('no answer')
})

test('without a failure the answers come in the order of the calls', async () => {
  expect(await settleAll([Promise.resolve('a'), undefined, 3])).toEqual(['a', undefined, 3])
})

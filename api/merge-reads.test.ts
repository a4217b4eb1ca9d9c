import {expect, test} from 'vitest'
import {mergeReads} from './merge-reads.ts'

test('keys of one turn are read together, each once; a later turn reads again', async () => {
  const reads: (readonly string[])[] = []
  const read = mergeReads(async keys => {
    reads.push(keys)
    return new Map(keys.filter(key => key !== 'none').map(key => [key, key.toUpperCase()]))
  })
  expect(await Promise.all([read('a'), read('b'), read('a'), read('none')])).toEqual([
    'A',
    'B',
    'A',
    undefined,
  ])
  expect(await read('a')).toBe('A')
  expect(reads).toEqual([['a', 'b', 'none'], ['a']])
})

test('a key that is asked for while a read is under way is not answered by that read', async () => {
  let value = 1
  const begun = Promise.withResolvers<undefined>()
  const go = Promise.withResolvers<undefined>()
  const read = mergeReads(async ([key]) => {
    const seen = value
    begun.resolve(undefined)
    await go.promise
    return new Map([[key!, seen]])
  })
  const first = read('a')
  await begun.promise
  value = 2
  const second = read('a')
  go.resolve(undefined)
  expect([await first, await second]).toEqual([1, 2])
})

test('all who asked are told of a failure, and the next ones are not', async () => {
  let fails = true
  const read = mergeReads(async keys => {
    if (fails) throw new Error('away')
    return new Map(keys.map(key => [key, key]))
  })
  const both = await Promise.allSettled([read('a'), read('b')])
  expect(both.map(({status}) => status)).toEqual(['rejected', 'rejected'])
  fails = false
  expect(await read('a')).toBe('a')
})

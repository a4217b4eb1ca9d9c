import {expect, test} from 'vitest'
import type {Reference} from '../../readmodel/reference-table.ts'
import {createReferences} from './references.ts'

const signal = new AbortController().signal
const wanted = (...ids: readonly string[]) => ids.map(id => ({stream: 'content', id}))

function setup(ids: readonly string[]) {
  const stored = new Map<string, Reference>()
  const put = (id: string, isDeleted = false): void =>
    void stored.set(id, {id, row: {id}, outboxId: 1, createdAt: 1, isDeleted})
  ids.forEach(id => put(id))
  const loads: string[][] = []
  let onWait = (): void => undefined
  let waits = 0
  const resolve = createReferences({
    async load(_stream, some) {
      loads.push([...some])
      return await Promise.resolve(
        new Map(some.flatMap(id => (stored.has(id) ? [[id, stored.get(id)!] as const] : []))),
      )
    },
    async whenCaughtUp() {
      waits += 1
      onWait()
      await Promise.resolve()
    },
  })
  return {
    put,
    loads,
    resolve,
    waits: () => waits,
    whileWaiting: (work: () => void) => (onWait = work),
  }
}

test('rows are found at once, each read once for many events', async () => {
  const {resolve, loads, waits} = setup(['a', 'b'])
  const find = await resolve(wanted('a', 'b', 'a'), signal)
  expect([find('content', 'a'), find('content', 'b')]).toEqual([{id: 'a'}, {id: 'b'}])
  await resolve(wanted('a'), signal)
  expect(loads).toEqual([['a', 'b']])
  expect(waits()).toBe(0)
})

test('INV-162: a row that is on its way is waited for', async () => {
  const {resolve, put, whileWaiting} = setup(['a'])
  whileWaiting(() => put('late'))
  const find = await resolve(wanted('a', 'late'), signal)
  expect(find('content', 'late')).toEqual({id: 'late'})
})

test('INV-162: where there is none after the wait, the event goes without, and the next one does not wait', async () => {
  const {resolve, waits} = setup([])
  expect((await resolve(wanted('none'), signal))('content', 'none')).toBeNull()
  expect((await resolve(wanted('none'), signal))('content', 'none')).toBeNull()
  expect(waits()).toBe(1)
})

test('a row that was deleted is none, and not waited for', async () => {
  const {resolve, put, waits} = setup([])
  put('gone', true)
  expect((await resolve(wanted('gone'), signal))('content', 'gone')).toBeNull()
  expect(waits()).toBe(0)
})

test('without references nothing is asked', async () => {
  const {resolve, loads} = setup([])
  await resolve([], signal)
  expect(loads).toEqual([])
})

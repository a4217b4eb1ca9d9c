import {expect, test} from 'vitest'
import type {Reference} from '../readmodel/reference-table.ts'
import {createReferences} from './references.ts'

const reference = (id: string, outboxId: number, more: Partial<Reference> = {}): Reference => ({
  id,
  row: {id, length: outboxId},
  outboxId,
  createdAt: outboxId,
  isDeleted: false,
  ...more,
})

function setup(stored: readonly Reference[] = []) {
  const state = {now: 0, loads: 0, waits: 0, onWait: () => {}}
  const references = createReferences(
    {
      async load(ids) {
        state.loads += 1
        return new Map(stored.filter(({id}) => ids.includes(id)).map(each => [each.id, each]))
      },
      async whenCaughtUp() {
        state.waits += 1
        state.onWait()
      },
      now: () => state.now,
    },
    {entriesMax: 100, missTtlMs: 1000},
  )
  return {references, state}
}

test('INV-36: an older record never replaces a newer one', () => {
  const {references} = setup()
  expect(references.learn([reference('a', 5)])).toHaveLength(1)
  expect(references.learn([reference('a', 4)])).toEqual([])
  expect(references.peek('a')?.['length']).toBe(5)
})

test('what is stored is found without waiting for the topic', async () => {
  const {references, state} = setup([reference('a', 1)])
  await references.resolve(['a'])
  expect(references.peek('a')?.['id']).toBe('a')
  expect(state.waits).toBe(0)
})

test('an unknown row is waited for once, then is nothing for a while, then asked for again', async () => {
  const {references, state} = setup()
  await references.resolve(['a'])
  expect(state.waits).toBe(1)
  expect(references.peek('a')).toBeNull()
  state.now = 1001
  expect(references.peek('a')).toBeUndefined()
})

test('a row that comes while an event waits for it is used', async () => {
  const {references, state} = setup()
  state.onWait = () => references.learn([reference('a', 7)])
  await references.resolve(['a'])
  expect(references.peek('a')?.['length']).toBe(7)
})

test('a deleted row is none', () => {
  const {references} = setup()
  references.learn([reference('a', 1)])
  references.learn([reference('a', 2, {isDeleted: true})])
  expect(references.peek('a')).toBeNull()
})

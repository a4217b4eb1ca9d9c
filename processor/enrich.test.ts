import {expect, test} from 'vitest'
import {createMetadata} from './enrich.ts'
import type {ContentMetadata} from './projections/projection.ts'

const content = (id: string, outboxId: number, more: Partial<ContentMetadata> = {}) =>
  ({
    id,
    slug: id,
    title: id,
    content_type: 'video',
    length_seconds: outboxId,
    publish_ts: 0,
    outboxId,
    createdAt: outboxId,
    deleted: false,
    ...more,
  }) satisfies ContentMetadata

function setup(stored: readonly ContentMetadata[] = []) {
  const state = {now: 0, loads: 0, waits: 0, onWait: () => {}}
  const metadata = createMetadata(
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
  return {metadata, state}
}

test('INV-36: an older record never replaces a newer one', () => {
  const {metadata} = setup()
  expect(metadata.learn([content('a', 5)])).toHaveLength(1)
  expect(metadata.learn([content('a', 4)])).toEqual([])
  expect(metadata.peek('a')?.length_seconds).toBe(5)
})

test('what is stored is found without waiting for the topic', async () => {
  const {metadata, state} = setup([content('a', 1)])
  await metadata.resolve(['a'])
  expect(metadata.peek('a')?.id).toBe('a')
  expect(state.waits).toBe(0)
})

test('an unknown content is waited for once, then is nothing for a while, then asked for again', async () => {
  const {metadata, state} = setup()
  await metadata.resolve(['a'])
  expect(state.waits).toBe(1)
  expect(metadata.peek('a')).toBeNull()
  state.now = 1001
  expect(metadata.peek('a')).toBeUndefined()
})

test('content that comes while an event waits for it is used', async () => {
  const {metadata, state} = setup()
  state.onWait = () => metadata.learn([content('a', 7)])
  await metadata.resolve(['a'])
  expect(metadata.peek('a')?.length_seconds).toBe(7)
})

test('a deleted content has no metadata', () => {
  const {metadata} = setup()
  metadata.learn([content('a', 1)])
  metadata.learn([content('a', 2, {deleted: true})])
  expect(metadata.peek('a')).toBeNull()
})

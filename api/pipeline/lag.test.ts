import {setImmediate as turn} from 'node:timers/promises'
import {expect, test} from 'vitest'
import type {Session} from '../database.ts'
import {createLagWatch} from './lag.ts'

test('a row that is published between the two looks is in one of them at least', async () => {
  let published = 0
  const db = {
    async query() {
      await turn()
      published = 1
      return {rows: [{rows: '0', age: null}], rowCount: 1}
    },
  } as unknown as Session
  const admin = {
    offsets: async () => [{partition: 0, begin: 0, end: published}],
    groupOffsets: async () => [{partition: 0, topic: 'topic', offset: 0}],
  }
  const watch = createLagWatch(
    {db, admin: async () => await Promise.resolve(admin)},
    {topics: ['topic'], groupOf: async () => await Promise.resolve('group'), lifeMs: 500},
  )
  expect(await watch.read()).toMatchObject({outboxUnpublished: 0, records: 1})
})

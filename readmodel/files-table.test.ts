/** Ids that are filed, and read back. */
import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {connectTo, FakeCassandra} from '../test/fakes/cassandra.ts'
import {model} from '../test/model-stream.ts'
import {createFilesTable, filesTable, periodsTable} from './files-table.ts'
import {planStream} from './plan.ts'

const plan = planStream(model)

test('whatever ids an entity has, they are read back as they were filed', async () => {
  const id = fc.oneof(fc.maxSafeInteger(), fc.integer({min: -300, max: 300}))
  await fc.assert(
    fc.asyncProperty(fc.array(id, {minLength: 1, maxLength: 20}), async ids => {
      const server = new FakeCassandra()
      server.create([filesTable(plan), periodsTable(plan)])
      const table = createFilesTable(connectTo(server), plan)
      const filings = ids.map((own, i) => ({key: 'a', id: own, timeUs: i, offset: i}))
      await table.append(filings, 0, () => 1)
      expect(await table.read('a', 0, 0)).toEqual(ids.map((own, i) => ({id: own, timeUs: i})))
    }),
  )
})

import {expect, test} from 'vitest'
import {connectTo, FakeCassandra} from '../test/fakes/cassandra.ts'
import {createPositions, POSITION_TABLES} from './positions.ts'

test('INV-40: who takes a partition gets a takeover of its own, though another one comes right behind', async () => {
  const cassandra = new FakeCassandra()
  cassandra.create(POSITION_TABLES)
  const others = createPositions(connectTo(cassandra))
  await others.take('t', 0)
  let calls = 0
  // Between this one's success and its next look somebody else takes the partition.
  const slow = createPositions(
    connectTo(cassandra, async effect => {
      calls += 1
      if (calls === 3) await others.take('t', 0)
      return effect()
    }),
  )
  const own = await slow.take('t', 0)
  expect(own.takeover).toBe(2)
  expect(await slow.hold('t', 0, own), 'it has been overtaken').toBe(false)
  expect(await others.hold('t', 0, {...own, takeover: 3})).toBe(true)
})

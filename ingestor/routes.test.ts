import {expect, test} from 'vitest'
import type {Routes} from './destinations.ts'
import type {Route} from './publish.ts'
import {createRouteTable} from './routes.ts'

function setup() {
  const state = {clock: 0, asked: 0, away: false}
  const routes = (): Routes => new Map([[`asked ${state.asked}`, {} as Route]])
  const table = createRouteTable(
    async () => {
      state.asked++
      if (state.away) throw new Error('Kafka is away')
      return await Promise.resolve(routes())
    },
    () => state.clock,
  )
  return {state, table, names: () => [...table.latest().keys()]}
}

test('a topic that came meanwhile is found by looking again, at most every ten seconds', async () => {
  const {state, table, names} = setup()
  await table.find(false)
  await table.find(false)
  expect(names()).toEqual(['asked 1'])
  state.clock = 9_999
  await table.lookAgain()
  expect(names()).toEqual(['asked 1'])
  state.clock = 10_000
  await table.lookAgain()
  expect(names()).toEqual(['asked 2'])
})

test('a look that fails leaves what is known, and who asks is answered anew', async () => {
  const {state, table, names} = setup()
  await table.find(false)
  state.away = true
  state.clock = 10_000
  await table.lookAgain()
  expect(names()).toEqual(['asked 1'])
  await expect(table.find(false)).rejects.toThrow('away')
  state.away = false
  await table.find(false)
  expect(names()).toEqual(['asked 4'])
})

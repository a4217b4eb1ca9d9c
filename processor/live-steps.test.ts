import {expect, test} from 'vitest'
import {createLiveSteps} from './live-steps.ts'

const NOW_S = 1_800_000_000
const row = (id: string, start: number) => ({projection: {id}, key: String(start)})

test('steps are said when they are new, and again when time has brought others into the window', () => {
  const steps = createLiveSteps([{id: 'top', seconds: 60}])
  steps.note([row('top', NOW_S), row('top', NOW_S + 3600), row('rollup', 7)])
  expect(steps.names(NOW_S)).toEqual({top: [NOW_S]})
  expect(steps.names(NOW_S + 1)).toBeNull()
  steps.note([row('top', NOW_S)])
  expect(steps.names(NOW_S + 2), 'known already').toBeNull()
  expect(steps.names(NOW_S + 3550)).toEqual({top: [NOW_S + 3600]})
})

test('a new run says that nothing is there yet', () => {
  const steps = createLiveSteps([{id: 'top', seconds: 60}])
  steps.note([row('top', NOW_S)])
  steps.clear()
  expect(steps.names(NOW_S)).toEqual({top: []})
})

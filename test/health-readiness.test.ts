/** The verdict reads what the processor says of itself: two services that never import each other. */
import {expect, test} from 'vitest'
import {judgeService} from '../api/pipeline/verdict.ts'
import {createReadiness} from '../processor/readiness.ts'

const AT = {topic: 'sales', partition: 3}

function setup() {
  let now = 0
  const readiness = createReadiness(() => now)
  const probe = readiness.of('')
  probe.owned([AT, {topic: 'sales', partition: 4}])
  const judge = () => {
    const {ready, reasons, details} = readiness.judge()
    const service = {name: 'processor', url: 'http://x', ready, reasons: [...reasons], details}
    return judgeService(service).map(({code, detail}) => [code, detail])
  }
  return {readiness, probe, judge, pass: (ms: number) => void (now += ms)}
}

test('a processor that is ready has no finding', () => {
  expect(setup().judge()).toEqual([])
})

test('a partition that stands still is one finding with its cause, not also a processor that is not ready', () => {
  const {probe, judge} = setup()
  probe.standing(AT, 'the log ends at 10')
  expect(judge()).toEqual([['partition-standing', 'the log ends at 10']])
  probe.standing(AT, null)
  expect(judge()).toEqual([])
})

test('what is wrong beside it is told, too, and a warning stays a warning', () => {
  const {readiness, probe, judge, pass} = setup()
  probe.standing(AT, 'the log ends at 10')
  probe.received({topic: 'sales', partition: 4}, 5)
  readiness.warned('redis', 'drops keys')
  pass(60_000)
  expect(judge()).toEqual([
    ['partition-standing', 'the log ends at 10'],
    ['service-not-ready', 'http://x: sales/4: 5 records wait, none was folded for 60 s'],
    ['service-warns', 'drops keys'],
  ])
})

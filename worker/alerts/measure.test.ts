import {expect, test} from 'vitest'
import type {AlertQuestion} from '../../contracts/alerts.ts'
import type {Found} from './figures.ts'
import {createMeasure} from './measure.ts'
import type {StoredRule} from './rule-table.ts'

const RULE: StoredRule = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'unusual',
  version: '1',
  severity: 'warning',
  channels: [],
  stream: 'orders',
  metric: 'orders',
  dimension: null,
  filters: [],
  kind: 'deviation',
  threshold: 4,
  direction: 'both',
  window_minutes: 60,
  days: 3,
  open_after_seconds: 0,
  resolve_after_seconds: 0,
}

function setup() {
  let now = Date.parse('2026-01-31T12:00:00Z')
  const asked: AlertQuestion[] = []
  const answers: Found[] = []
  const measure = createMeasure(
    {
      async ask(question) {
        asked.push(question)
        const usual: Found = {kind: 'rows', rows: new Map([['', asked.length]])}
        return await Promise.resolve(answers.shift() ?? usual)
      },
    },
    () => now,
  )
  return {
    asked,
    answers,
    pass: (ms: number) => {
      now += ms
    },
    measure: async (changes: Partial<StoredRule> = {}) =>
      await measure.measure({...RULE, ...changes}, new AbortController().signal),
    retain: (ids: readonly string[]) => measure.retain(new Set(ids)),
  }
}

test('past days are asked for once in a tenth of the window, and anew when the rule has changed', async () => {
  const {asked, measure, pass} = setup()
  const first = await measure()
  expect(asked).toHaveLength(4)
  pass(359_000)
  const second = await measure()
  expect(asked).toHaveLength(5)
  expect([first, second].map(one => one.kind === 'values' && one.values.past)).toEqual([
    [new Map([['', 2]]), new Map([['', 3]]), new Map([['', 4]])],
    [new Map([['', 2]]), new Map([['', 3]]), new Map([['', 4]])],
  ])
  pass(2000)
  await measure()
  expect(asked).toHaveLength(9)
  await measure({version: '2'})
  expect(asked).toHaveLength(13)
})

test('the time just before is asked for each time: it moves with the present', async () => {
  const {asked, measure} = setup()
  await measure({kind: 'change'})
  await measure({kind: 'change'})
  expect(asked).toHaveLength(4)
})

test('what cannot be answered of any part is not judged, and asked for again', async () => {
  const {asked, answers, measure} = setup()
  const incomplete: Found = {kind: 'notJudged', reason: 'there are no numbers'}
  answers.push(incomplete)
  expect(await measure()).toEqual(incomplete)
  expect(asked).toHaveLength(1)
  answers.push({kind: 'rows', rows: new Map()}, {kind: 'rows', rows: new Map()}, incomplete)
  expect(await measure()).toEqual(incomplete)
  expect(asked).toHaveLength(4)
  expect((await measure()).kind).toBe('values')
  expect(asked).toHaveLength(8)
})

test('of rules that are gone nothing is kept', async () => {
  const {asked, measure, retain} = setup()
  await measure()
  retain([])
  await measure()
  expect(asked).toHaveLength(8)
})

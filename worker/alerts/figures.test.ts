import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {expect, onTestFinished, test} from 'vitest'
import {questionsOf} from '../../contracts/alerts.ts'
import {createFigures, readAnswer, shareAnswers, type Found} from './figures.ts'

const answer = (
  rows: readonly (readonly [readonly string[], number | null])[],
  age: number | null,
) => ({
  results: rows.map(([dimensions, value]) => ({dimensions, metrics: [value]})),
  meta: {age_ms: age},
})

const QUESTION = questionsOf(
  {
    stream: 'orders',
    metric: 'orders',
    dimension: null,
    filters: [],
    kind: 'above',
    threshold: 1,
    direction: 'both',
    window_minutes: 1,
    days: 1,
    open_after_seconds: 0,
    resolve_after_seconds: 0,
  },
  0,
).present

test('INV-154: rows are found by the value of the dimension, the whole without one', () => {
  expect(readAnswer(answer([[['a'], 3]], 40), 1000)).toEqual({
    kind: 'rows',
    rows: new Map([['a', 3]]),
  })
  expect(readAnswer(answer([[[], null]], 40), 1000)).toEqual({
    kind: 'rows',
    rows: new Map([['', null]]),
  })
})

test('INV-154: old numbers, numbers of unknown age and too many rows are not judged', () => {
  const many = Array.from({length: 1001}, (_, i) => [[String(i)], 1] as const)
  const reasons = [answer([], 95_000), answer([], null), answer(many, 0)].map(
    one => (readAnswer(one, 30_000) as {reason?: string}).reason,
  )
  expect(reasons).toEqual([
    'the numbers are 95 s old',
    'it is not known how old the numbers are',
    'there are more than 1000 rows: give the rule filters',
  ])
})

test('INV-154: what the API refuses with is why a rule is not judged, and so is its silence', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(503, {'content-type': 'application/problem+json'})
    response.end(JSON.stringify({detail: 'there are no numbers of orders now: 3 rows are missing'}))
  })
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise(resolve => server.once('listening', resolve))
  const {port} = server.address() as AddressInfo
  const options = {apiKey: undefined, timeoutMs: 2000, ageMsMax: 1000}
  const ask = async (url: string) =>
    await createFigures({...options, apiUrl: url}).ask(QUESTION, new AbortController().signal)
  expect(await ask(`http://127.0.0.1:${port}`)).toEqual({
    kind: 'notJudged',
    reason: 'there are no numbers of orders now: 3 rows are missing',
  })
  expect(await ask('http://127.0.0.1:1')).toMatchObject({
    kind: 'notJudged',
    reason: expect.stringContaining('the API does not answer'),
  })
})

test('rules that ask the same at the same time are given one answer, and a new one later', async () => {
  let now = 0
  let asked = 0
  const figures = shareAnswers(
    {
      async ask(): Promise<Found> {
        asked += 1
        return await Promise.resolve({kind: 'rows', rows: new Map([['', asked]])})
      },
    },
    {lifeMs: 500, now: () => now},
  )
  const {signal} = new AbortController()
  const other = {...QUESTION, metrics: ['revenue']} as const
  const first = await Promise.all([figures.ask(QUESTION, signal), figures.ask(QUESTION, signal)])
  expect(first[0]).toBe(first[1])
  await figures.ask(other, signal)
  expect(asked).toBe(2)
  now = 499
  expect(await figures.ask(QUESTION, signal)).toBe(first[0])
  now = 500
  expect(await figures.ask(QUESTION, signal)).toEqual({kind: 'rows', rows: new Map([['', 3]])})
})

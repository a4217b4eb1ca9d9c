import {parse} from 'graphql'
import {expect, test} from 'vitest'
import {checkCost, costOf} from './limits.ts'

test('depth, aliases and cost are counted, through fragments too', () => {
  const document = parse(`
    {a: content(id: "x") {...F} b: contents(limit: 3) {id metrics {events}}}
    fragment F on Content {metrics {events plays}}`)
  expect(costOf(document)).toEqual({depth: 3, aliases: 2, cost: 2 + 1 + 2 + 3 * 2 + 3})
})

test.each([
  ['depth', `{a{b{c{d{e{f{g{h{i}}}}}}}}}`],
  ['aliases', `{${Array.from({length: 16}, (_, i) => `a${i}: active_users`).join(' ')}}`],
  ['cost', '{contents(limit: 100) {events(limit: 100) {event_id}}}'],
])('a document beyond the limit of %s is refused with the number', (what, text) => {
  expect(() => checkCost(parse(text))).toThrow(new RegExp(`${what} \\d+ is above`))
})

test('a limit in a variable counts, and a fragment within itself does not loop', () => {
  const document = parse('query ($n: Int) {contents(limit: $n) {events(limit: 100) {event_id}}}')
  expect(() => checkCost(document, {n: 2})).not.toThrow()
  expect(() => checkCost(document, {n: 100})).toThrow('cost')
  const loop = parse('{content(id: "x") {...F}} fragment F on Content {id ...F}')
  expect(costOf(loop).cost).toBeLessThan(10)
})

// The file that mercurius loads.
import {buildSchema, parse} from 'graphql/index.js'
import {expect, test} from 'vitest'
import {planStream} from '../../readmodel/plan.ts'
import {content} from '../../streams/content.ts'
import {engagement} from '../../streams/engagement.ts'
import {orders} from '../../test/streams-with-orders/orders.ts'
import {checkCost, costOf} from './limits.ts'
import {graphOf} from './schema.ts'

const DECLARED = [content, engagement, orders]
const SCHEMA = buildSchema(graphOf([planStream(orders)], DECLARED).sdl)

test('depth, aliases and cost are counted, through fragments too', () => {
  const document = parse(`
    {a: content(id: "x") {...F} b: contents(limit: 3) {id metrics {events}}}
    fragment F on Content {metrics {events plays}}`)
  expect(costOf(SCHEMA, document)).toEqual({depth: 3, aliases: 2, cost: 2 + 1 + 2 + 3 * 2 + 3})
})

test.each([
  ['depth', `{a{b{c{d{e{f{g{h{i}}}}}}}}}`],
  ['aliases', `{${Array.from({length: 16}, (_, i) => `a${i}: active_users`).join(' ')}}`],
  ['cost', '{contents(limit: 100) {events(limit: 100) {event_id}}}'],
])('a document beyond the limit of %s is refused with the number', (what, text) => {
  expect(() => checkCost(SCHEMA, parse(text))).toThrow(new RegExp(`${what} \\d+ is above`))
})

test('a limit in a variable counts, and a fragment within itself does not loop', () => {
  const document = parse('query ($n: Int) {contents(limit: $n) {events(limit: 100) {event_id}}}')
  expect(() => checkCost(SCHEMA, document, {n: 2})).not.toThrow()
  expect(() => checkCost(SCHEMA, document, {n: 100})).toThrow('cost')
  const loop = parse('{content(id: "x") {...F}} fragment F on Content {id ...F}')
  expect(costOf(SCHEMA, loop).cost).toBeLessThan(10)
})

test('a limit that a variable has by default counts', () => {
  const document = parse(
    'query ($n: Int = 100) {contents(limit: $n) {events(limit: $n) {event_id}}}',
  )
  expect(() => checkCost(SCHEMA, document)).toThrow('cost')
  expect(() => checkCost(SCHEMA, document, {n: 2})).not.toThrow()
})

test('fields of a list count as often as the answer around it was asked for, once', () => {
  const document = parse('{orders {top(by: product, limit: 7) {items {rank key} meta {source}}}}')
  expect(costOf(SCHEMA, document)).toEqual({depth: 4, aliases: 0, cost: 2 + 2 + 7 * 2 + 1})
})

test('all of a row may be asked for at once, and many lists of rows may not', () => {
  const {rollups} = planStream(orders)
  const {metrics, field} = graphOf([planStream(orders)], DECLARED).streams[0]!.rollups[0]!
  const all = `{${metrics.map(({name}) => name).join(' ')}}`
  const row = `${field}(key: ["1"]) {
    figures {metrics ${all}} timeseries {buckets {start metrics ${all}}}
    breakdown(dimension: status) {items {value metrics ${all}}}}`
  expect(rollups.length).toBeGreaterThan(1)
  expect(() => checkCost(SCHEMA, parse(`{orders {${row}}}`))).not.toThrow()
  const list = `top(by: product, limit: 100) {items {metrics ${all}}}`
  const lists = ['a', 'b', 'c'].map(alias => `${alias}: ${list}`).join(' ')
  expect(() => checkCost(SCHEMA, parse(`{orders {${lists}}}`))).toThrow('cost')
})

import {expect, test} from 'vitest'
import type {LogRow} from './changes.ts'
import {createLogs} from './logs.ts'
import {LEVELS, NEW_MESSAGES, newTemplate, TEMPLATES} from './messages.ts'
import {createLedger} from './planted.ts'

const START_MS = Date.UTC(2026, 0, 1)

function take(count: number, {seed = 2, isCalm = false} = {}) {
  const ledger = createLedger()
  const logs = createLogs(ledger, {seed, startMs: START_MS, isCalm})
  const rows = Array.from({length: count}, (_, index) => {
    const [change] = logs.next(START_MS + index * 1000)
    return change!.row as LogRow
  })
  return {rows, planted: ledger.planted()}
}

const shareOf = (rows: readonly LogRow[], level: LogRow['level']): number =>
  rows.filter(row => row.level === level).length / rows.length

/** What messages of one template have in common. */
const kindOf = (message: string): string =>
  message
    .replaceAll(/"[^"]*"/g, '?')
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b\d[0-9a-f]*\b/g, '?')

test('levels come in their shares, and nothing is left open in a message', () => {
  const {rows, planted} = take(20_000, {isCalm: true})
  for (const [level, parts] of Object.entries(LEVELS)) {
    const share = shareOf(rows, level as LogRow['level'])
    expect(Math.abs(share - parts / 1000)).toBeLessThan(0.01)
  }
  expect(rows.filter(({message}) => /[{}]/.test(message))).toEqual([])
  expect(planted).toEqual([])
})

test('messages differ, but there are few kinds of them', () => {
  const {rows} = take(20_000, {isCalm: true})
  expect(new Set(rows.map(({message}) => message)).size).toBeGreaterThan(15_000)
  const templates = Object.values(TEMPLATES).flat().length
  // Each service speaks of what it handles.
  expect(new Set(rows.map(({message}) => kindOf(message))).size).toBeLessThan(templates * 7)
})

test('a burst is told with service and message: then most lines are that error', () => {
  const {rows, planted} = take(20_000)
  const bursts = planted.filter(({what, until}) => what === 'error burst' && until !== null)
  expect(bursts.length).toBeGreaterThan(2)
  for (const {from, until, where, rows: told} of bursts) {
    const during = rows.filter(({logged_at}) => logged_at >= from && logged_at <= until!)
    const service = where.split(':', 1)[0]
    expect(
      during.filter(row => row.service === service && row.level === 'error').length,
    ).toBeGreaterThanOrEqual(told)
    expect(shareOf(during, 'error')).toBeGreaterThan(0.5)
  }
})

test('a new message is told with the time of its first line, and nothing said it before', () => {
  const {rows, planted} = take(20_000)
  const news = planted.filter(({what}) => what === 'new message')
  expect(news.length).toBeGreaterThan(4)
  for (const {where, from, rows: told} of news) {
    const [, template] = where.split(': ')
    const kind = template!.replace('{id}', '?')
    const lines = rows.filter(({message}) => kindOf(message) === kind)
    expect(lines).toHaveLength(told)
    expect(lines[0]!.logged_at).toBe(from)
  }
})

test('new messages are all told apart', () => {
  const all = Array.from({length: NEW_MESSAGES}, (_, n) => newTemplate(n))
  expect(new Set(all).size).toBe(NEW_MESSAGES)
})

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {COMMANDS} from '../commands.ts'
import {STREAM_NAMES} from './changes.ts'
import {SHARES} from './feed.ts'
import {readOptions} from './options.ts'

test('who says nothing gets people who watch and read, until they are stopped', () => {
  expect(readOptions({})).toMatchObject({
    feed: {streams: ['engagement', 'activity'], rate: 100, seed: 1, isCalm: false},
    forMs: Infinity,
    sinceMs: 0,
    isJson: false,
  })
  expect(readOptions({seconds: '0'}).forMs).toBe(Infinity)
  expect(readOptions({seconds: '60'}).forMs).toBe(60_000)
})

test('streams are all, or a list in any order', () => {
  expect(readOptions({streams: 'all'}).feed.streams).toEqual(STREAM_NAMES)
  expect(readOptions({streams: 'logs, users,logs'}).feed.streams).toEqual(['users', 'logs'])
})

test.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
])('%s is a time', (text, ms) => {
  expect(readOptions({for: text}).forMs).toBe(ms)
  expect(readOptions({since: text}).sinceMs).toBe(ms)
})

test.each([
  [
    {streams: 'orders,order'},
    /--streams orders,order: no stream is called order; give all, or a list of engagement, activity, users/,
  ],
  [{streams: ''}, /no stream is called an empty name/],
  [{streams: 'ALL'}, /no stream is called ALL/],
  [
    {for: '15'},
    /--for 15: give a whole number with s, m, h or d behind it, as 90s or 2h, up to 365d/,
  ],
  [{for: '0s'}, /--for 0s: give/],
  [{for: '366d'}, /--for 366d: give/],
  [{since: '91d'}, /--since 91d: give .* up to 90d/],
  [{for: '1m', seconds: '60'}, /--for and --seconds say the same: give one/],
  [{rate: '0', devices: 'x'}, /--rate 0: give a whole number .*\n--devices x: give/],
])('%j is refused, named with what to give', (values, message) => {
  expect(() => readOptions(values)).toThrow(message)
})

test('help and docs say the parts of the rate as they are', () => {
  const page = readFileSync('docs/SIMULATE.md', 'utf8')
  for (const [name, share] of Object.entries(SHARES)) {
    expect(COMMANDS.simulate.notes).toMatch(new RegExp(`${name} (has )?${share}\\b`))
    expect(page).toContain(`| \`${name}\` | ${share} |`)
  }
})

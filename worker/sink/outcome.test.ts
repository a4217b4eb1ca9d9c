import {expect, test} from 'vitest'
import {outcomeOf} from './outcome.ts'

const NOW = Date.UTC(2026, 0, 1)

const answer = (status: number, text = '', headers: Readonly<Record<string, string>> = {}) => ({
  status,
  ok: status >= 200 && status < 300,
  text,
  header: (name: string) => headers[name] ?? null,
})

test.each([200, 201, 202, 204])('%i takes what was sent', status => {
  expect(outcomeOf(answer(status), NOW)).toEqual({kind: 'taken'})
})

test.each([400, 403, 404, 405, 409, 410, 413, 415, 422, 499])('%i refuses it for good', status => {
  expect(outcomeOf(answer(status, 'no such field'), NOW)).toEqual({
    kind: 'refused',
    why: `HTTP ${status}: no such field`,
  })
})

test.each([401, 407, 408, 425, 429, 500, 501, 502, 503, 504, 599])(
  '%i says nothing of what was sent: it is sent again',
  status => {
    expect(outcomeOf(answer(status), NOW)).toEqual({
      kind: 'again',
      why: `HTTP ${status}`,
      afterMs: null,
    })
  },
)

test('a redirect is not followed, and concerns the address', () => {
  const outcome = outcomeOf(answer(308, 'moved', {location: 'https://other.example/'}), NOW)
  expect(outcome).toEqual({
    kind: 'again',
    why: 'HTTP 308 to https://other.example/',
    afterMs: null,
  })
})

test('who asks not to be called before a time is not', () => {
  expect(outcomeOf(answer(429, '', {'retry-after': '2'}), NOW)).toMatchObject({afterMs: 2000})
  expect(outcomeOf(answer(503, '', {'retry-after': '2'}), NOW)).toMatchObject({afterMs: 2000})
})

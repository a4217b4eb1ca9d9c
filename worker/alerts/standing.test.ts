import {expect, test} from 'vitest'
import {warningsOfAlerts, type WaitingChannel} from './standing.ts'

const QUIET: WaitingChannel = {
  name: 'pager',
  kind: 'webhook',
  dead: 0,
  dead_why: null,
  waiting: 0,
  waiting_seconds: 0,
  waiting_why: null,
}

test('nothing is told of what goes on, nor of a message that waits for a moment', () => {
  const channels = [QUIET, {...QUIET, waiting: 1, waiting_seconds: 5}]
  expect(warningsOfAlerts({rules: [], channels})).toEqual({})
})

test('a rule that is not judged is told with what its evaluator says, some of many by name', () => {
  const rules = Array.from({length: 7}, (_, i) => ({
    name: `r${i}`,
    why: i === 0 ? 'numbers are old' : null,
    seconds: 61.4,
  }))
  expect(warningsOfAlerts({rules, channels: []})).toEqual({
    'rule r0': 'not judged for 61 s: numbers are old',
    'rule r1': 'not judged for 61 s: no worker evaluates it',
    'rule r2': 'not judged for 61 s: no worker evaluates it',
    'rule r3': 'not judged for 61 s: no worker evaluates it',
    'rule r4': 'not judged for 61 s: no worker evaluates it',
    rules: '2 more are not judged',
  })
})

test('a channel is told with what was given up, and with what waits and why', () => {
  const away = {...QUIET, waiting: 3, waiting_seconds: 300, waiting_why: 'it answers 503'}
  const mail = {...QUIET, name: 'operators', kind: 'mail', waiting: 1, waiting_seconds: 61} as const
  const dead = {...away, name: 'other', dead: 2, dead_why: 'it answers 400'}
  expect(warningsOfAlerts({rules: [], channels: [away, mail, dead]})).toEqual({
    'channel pager': '3 wait, for 300 s: it answers 503',
    'channel operators': '1 wait, for 61 s: no worker sends mail: WORKER_ALERT_SMTP_URL',
    'channel other':
      '2 given up, the last: it answers 400; re-drive or discard (/v1/alerts/deliveries?state=dead); 3 wait, for 300 s: it answers 503',
  })
})

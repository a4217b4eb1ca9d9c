/** Jobs of tests: one that never ends its first try, one that fails. */
import {once} from 'node:events'
import {job} from '../../schedule/job.ts'

const PLAN = {
  cron: '0 0 1 1 *',
  retries: 2,
  backOffS: {first: 1, max: 1},
  timeLimitS: 600,
  settings: () => null,
}

export const waitsOnce = job({
  ...PLAN,
  name: 'waits-once',
  what: 'Waits until its first try is ended.',
  async run({attempt, signal}) {
    if (attempt === 1) {
      await once(signal, 'abort')
      signal.throwIfAborted()
    }
    return {attempt}
  },
})

export const fails = job({
  ...PLAN,
  name: 'fails',
  what: 'Fails.',
  retries: 0,
  run: async () => await Promise.reject(new Error('it never works')),
})

/** Lets running services take up declarations: each ends, and the launcher starts it again. */
import {setTimeout as sleep} from 'node:timers/promises'
import type {StackConfig} from '../../stack/config.ts'
import {readState, type StackState} from '../../stack/state.ts'

const WAIT_MS = 60_000

type Say = (line: string) => void

const instancesOf = (state: StackState | undefined) => Object.values(state?.services ?? {}).flat()

/** @throws when one of them is not ready again within a minute */
export async function restartServices(config: StackConfig, say: Say): Promise<void> {
  const before = instancesOf(readState(config))
  if (before.length === 0) return
  for (const {pid} of before) if (pid !== null) process.kill(pid, 'SIGTERM')
  say('relay, processor, worker and API are started again')
  const old = new Set(before.map(({pid}) => pid))
  const until = performance.now() + WAIT_MS
  for (;;) {
    const now = instancesOf(readState(config))
    const isNew =
      now.length === before.length && now.every(({pid}) => pid !== null && !old.has(pid))
    if (isNew && (await Promise.all(now.map(async ({url}) => await isReady(url)))).every(Boolean))
      return
    if (performance.now() > until)
      throw new Error('services are not ready after a minute: npm run status')
    await sleep(100)
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`, {signal: AbortSignal.timeout(2000)})).ok
  } catch {
    return false
  }
}

import {setTimeout as sleep} from 'node:timers/promises'
import {cpuMsOf} from '../cpu.ts'
import type {Bench} from '../bench.ts'
import {addEvents, openRelayBed, startRelay, untilAtLeast} from '../relay-process.ts'

export const bench: Bench = {
  name: 'relay-idle',
  what: 'CPU of a relay that has nothing to do, and what PostgreSQL and the broker spend meanwhile, in percent of a core.',
  needs: ['postgres', 'kafka', 'registry'],
  settings: {seconds: 30, rounds: 2},
  async run(context) {
    const {settings, servers} = context
    const bed = await openRelayBed(context.env)
    try {
      await addEvents(bed.client, 1_000)
      for (let round = 0; round < settings['rounds']!; round++) {
        const relay = await startRelay(bed)
        const pids = {relay: relay.pid, ...servers.pids}
        await untilAtLeast(() => bed.countRecords('engagement_events'), 1_000, {
          everyMs: 200,
          timeoutMs: 10_000,
        })
        // Start-up, compilation and first garbage collections are over by then.
        await sleep(5_000)
        const read = (): Record<string, number> =>
          Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuMsOf(pid)]))
        const [startedAt, before] = [performance.now(), read()]
        await sleep(settings['seconds']! * 1_000)
        const [endedAt, after] = [performance.now(), read()]
        const share = Object.keys(pids).map(name => {
          return [`${name}_pct`, ((after[name]! - before[name]!) * 100) / (endedAt - startedAt)]
        })
        context.record({
          label: 'idle',
          figures: Object.fromEntries(share) as Record<string, number>,
        })
        await relay.stop()
      }
    } finally {
      await bed.close()
    }
  },
}

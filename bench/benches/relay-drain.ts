import {cpuMsOf} from '../cpu.ts'
import type {Bench, BenchContext, Figures} from '../bench.ts'
import {addEvents, openRelayBed, startRelay, untilAtLeast, type RelayBed} from '../relay-process.ts'

const CLIENTS = ['kafkajs', 'platformatic'] as const

interface Sample {
  readonly at: number
  readonly records: number
  readonly cpu: Readonly<Record<string, number>>
}

/** Lets the relay publish everything that waits; measures from the first records on to the last. */
async function drain(
  bed: RelayBed,
  {servers}: BenchContext,
  rows: number,
  client: string,
): Promise<Figures> {
  const before = await bed.countRecords('engagement_events')
  const relay = await startRelay(bed, {KAFKA_CLIENT: client})
  const pids = {relay: relay.pid, ...servers.pids}
  let first: Sample | undefined
  let last: Sample | undefined
  try {
    await untilAtLeast(
      () => bed.countRecords('engagement_events'),
      before + rows,
      {everyMs: 100, timeoutMs: 30_000},
      (count, at) => {
        const records = count - before
        // The start of the process is no part of the rate.
        if (records < rows / 50) return
        const cpu = Object.entries(pids).map(([name, pid]) => [name, cpuMsOf(pid)] as const)
        last = {at, records, cpu: Object.fromEntries(cpu)}
        first ??= last
      },
    )
  } finally {
    await relay.stop()
  }
  const done = last!.records - first!.records
  const cpu = Object.keys(pids).map(name => {
    return [`${name}_us_per_row`, ((last!.cpu[name]! - first!.cpu[name]!) * 1_000) / done] as const
  })
  return {rows_per_s: (done * 1_000) / (last!.at - first!.at), ...Object.fromEntries(cpu)}
}

export const bench: Bench = {
  name: 'relay-drain',
  what: 'Waiting outbox rows published to Kafka by one relay process, acks = all, Avro: rows per second and CPU per row of each process.',
  needs: ['postgres', 'kafka', 'registry'],
  settings: {rows: 1_000_000, behind: 10_000_000, rounds: 3},
  async run(context) {
    const {settings, progress} = context
    const rows = settings['rows']!
    const bed = await openRelayBed(context.env)
    try {
      progress(`adding ${rows} rows`)
      await addEvents(bed.client, rows)
      await bed.client.query('VACUUM ANALYZE')
      const setBack = async (snapshot: string): Promise<void> =>
        void (await bed.client.query(
          'UPDATE cdc.relay_cursor SET snap_from = $1::pg_snapshot, snap_to = NULL, last_id = 0',
          [snapshot],
        ))
      for (let round = 0; round < settings['rounds']!; round++) {
        for (const client of CLIENTS) {
          await setBack('1:1:')
          context.record({label: client, figures: await drain(bed, context, rows, client)})
        }
      }
      const behind = settings['behind']!
      if (behind === 0) return
      progress(`adding ${behind} rows that are published`)
      await addEvents(bed.client, Math.max(0, behind - rows))
      const {rows: now} = await bed.client.query<{s: string}>(
        'SELECT pg_current_snapshot()::text AS s',
      )
      await addEvents(bed.client, rows)
      await bed.client.query('VACUUM ANALYZE')
      for (let round = 0; round < settings['rounds']!; round++) {
        await setBack(now[0]!.s)
        const label = `kafkajs, ${behind} published rows behind`
        context.record({label, figures: await drain(bed, context, rows, 'kafkajs')})
      }
    } finally {
      await bed.close()
    }
  },
}

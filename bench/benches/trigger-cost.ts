import type {Bench} from '../bench.ts'
import {addEvents, openRelayBed, type RelayBed} from '../relay-process.ts'
import {openClient} from '../../platform/postgres.ts'

const SHAPES = [
  {rows: 1, clients: 8},
  {rows: 1, clients: 32},
  {rows: 100, clients: 8},
  {rows: 100, clients: 32},
] as const

const INSERT = {
  name: 'add',
  text: `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
         SELECT md5((1 + ($1::int + g) % 1000)::text)::uuid, md5(g::text)::uuid, 'play', now(), 30000, 'ios'
           FROM generate_series(1, $2::int) g`,
}

/** Rows per second that the clients commit together, each in transactions of `rows` rows. */
async function insertRate(bed: RelayBed, rows: number, clients: number, ms: number) {
  let done = 0
  const connections = await Promise.all(
    Array.from({length: clients}, () =>
      openClient(bed.databaseUrl, {applicationName: 'bench-writer'}),
    ),
  )
  const startedAt = performance.now()
  const write = async (client: (typeof connections)[number], offset: number): Promise<void> => {
    for (let n = offset; performance.now() - startedAt < ms; n += 7) {
      await client.query({...INSERT, values: [n % 100_000, rows]})
      done += rows
    }
  }
  await Promise.all(connections.map(write))
  const elapsedMs = performance.now() - startedAt
  await Promise.all(connections.map(client => client.end()))
  return (done * 1_000) / elapsedMs
}

export const bench: Bench = {
  name: 'trigger-cost',
  what: 'Rows per second that clients insert into engagement_events with the capture trigger and without it; no relay runs.',
  needs: ['postgres', 'kafka', 'registry'],
  settings: {seconds: 5, rounds: 3},
  async run(context) {
    const ms = context.settings['seconds']! * 1_000
    const bed = await openRelayBed(context.env)
    const {client} = bed
    const attach =
      "SELECT cdc.attach('public.engagement_events', 'engagement_events', 'content_id')"
    try {
      await addEvents(client, 1)
      await insertRate(bed, 1, 8, 2_000)
      for (let round = 0; round < context.settings['rounds']!; round++) {
        for (const {rows, clients} of SHAPES) {
          await client.query(attach)
          const captured = await insertRate(bed, rows, clients, ms)
          await client.query("SELECT cdc.detach('public.engagement_events')")
          const plain = await insertRate(bed, rows, clients, ms)
          await client.query(
            'SET cdc.may_change_outbox = on; TRUNCATE public.engagement_events, cdc.outbox_events',
          )
          const label = `${rows} row${rows > 1 ? 's' : ''} per transaction, ${clients} clients`
          const cost_pct = (1 - captured / plain) * 100
          context.record({
            label,
            figures: {captured_per_s: captured, plain_per_s: plain, cost_pct},
          })
        }
      }
      await client.query(attach)
    } finally {
      await bed.close()
    }
  },
}

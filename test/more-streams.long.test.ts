/**
 * INV-143: every number of users, orders, readings and logs is what SQL says, after late, corrected, moved and deleted
 * rows, with a relay or a processor killed meanwhile; hours of the day and days of the week are those of the zone.
 */
import {afterEach, expect, test} from 'vitest'
import {writeMoreHistory} from './more-history.ts'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet} from './quiet.ts'

const SEEDS = Number(process.env['ORACLE_SEEDS'] ?? 3)
let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

type Cell = string | number | null

interface Asked {
  readonly stream: string
  readonly metrics: readonly string[]
  readonly dimensions: readonly string[]
  readonly timezone: string
  /** Of the same, columns in the order of dimensions and metrics. */
  readonly sql: string
}

const RANGE = ['2026-10-20', '2027-01-01'] as const
const within = (time: string, zone: string): string =>
  RANGE.map(
    (day, i) => `${time} ${i === 0 ? '>=' : '<'} '${day}'::timestamp AT TIME ZONE '${zone}'`,
  ).join(' AND ')
const cycles = (time: string, zone: string): string =>
  `extract(isodow FROM ${time} AT TIME ZONE '${zone}')::int, extract(hour FROM ${time} AT TIME ZONE '${zone}')::int`

const QUESTIONS: readonly Asked[] = ['UTC', 'Europe/Berlin', 'Asia/Kolkata'].flatMap(timezone => [
  {
    stream: 'orders',
    metrics: ['lines', 'units'],
    dimensions: ['time:weekday', 'time:hour_of_day'],
    timezone,
    sql: `SELECT ${cycles('ordered_at', timezone)}, count(*)::int, sum(quantity)::int FROM order_lines
           WHERE ${within('ordered_at', timezone)} GROUP BY 1, 2`,
  },
  {
    stream: 'logs',
    metrics: ['lines', 'errors'],
    dimensions: ['time:hour_of_day', 'level'],
    timezone,
    sql: `SELECT extract(hour FROM logged_at AT TIME ZONE '${timezone}')::int, level, count(*)::int,
                 (count(*) FILTER (WHERE level IN ('error', 'fatal')))::int FROM logs
           WHERE ${within('logged_at', timezone)} GROUP BY 1, 2`,
  },
  {
    stream: 'users',
    metrics: ['registrations', 'with_age'],
    dimensions: ['time:weekday', 'age_band'],
    timezone,
    sql: `SELECT extract(isodow FROM registered_at AT TIME ZONE '${timezone}')::int, age_band, count(*)::int, count(age)::int
            FROM users WHERE ${within('registered_at', timezone)} GROUP BY 1, 2`,
  },
])

async function compare(of: PipelineWorld, url: string, {sql, ...body}: Asked): Promise<void> {
  const answer = await fetch(`${url}/v1/query`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({...body, date_range: RANGE, pagination: {limit: 1000}}),
  })
  const text = await answer.text()
  expect(answer.status, text).toBe(200)
  const {results} = JSON.parse(text) as {
    results: readonly {readonly dimensions: Cell[]; readonly metrics: Cell[]}[]
  }
  const {rows} = await of.pool.query<Cell[]>({text: sql, rowMode: 'array'})
  const found = results.map(({dimensions, metrics}) => [...dimensions, ...metrics])
  const inOrder = (list: readonly unknown[]): readonly string[] =>
    list.map(row => JSON.stringify(row)).toSorted()
  expect(inOrder(found), JSON.stringify(body)).toEqual(inOrder(rows))
}

test.each(Array.from({length: SEEDS}, (_, n) => 1 + n))(
  'INV-143: after history %i every number equals SQL',
  async seed => {
    world = await openPipelineWorld({STREAMS_FOLDER: 'test/streams-more'})
    const [relay, processor, {url}] = await Promise.all([
      world.start('ingestor'),
      world.start('processor'),
      world.start('api'),
    ])
    await writeMoreHistory(world.pool, {seed, steps: 150})
    const writing = writeMoreHistory(world.pool, {seed: seed + 1000, steps: 100})
    await (seed % 2 === 0 ? relay : processor).kill()
    await world.start(seed % 2 === 0 ? 'ingestor' : 'processor')
    await writing
    // Users have changed since: every line is published again, with what is known of its customer now.
    await world.pool.query('UPDATE order_lines SET quantity = quantity + 1')
    expect((await differencesWhenQuiet(world, 120_000)).slice(0, 20)).toEqual([])
    for (const question of QUESTIONS) {
      let last: unknown
      await until('the answer of SQL', async () => {
        try {
          await compare(world!, url, question)
          return true
        } catch (error) {
          last = error
          return false
        }
      }).catch(() => {
        throw last
      })
    }
    const {rows} = await world.pool.query(
      'SELECT topic, reason, message FROM cdc.dead_letters LIMIT 5',
    )
    expect(rows).toEqual([])
  },
  400_000,
)

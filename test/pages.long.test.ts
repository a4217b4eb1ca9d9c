/**
 * The pages in a real browser on the real pipeline: SQL in, seen within a second; photographs for
 * the documentation; hours of looking do not grow the page.
 *
 * `PAGES_SOAK_MINUTES` shortens the half hour.
 */
import {mkdirSync} from 'node:fs'
import {setTimeout as sleep} from 'node:timers/promises'
import type {Browser, CDPSession, Page} from 'playwright-core'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {openBrowser} from './browser.ts'
import {findBarriers, openPage, overflowOf, SCHEMES, waitForLive, WIDTHS} from './pages-world.ts'
import {openPipelineWorld, until, type PipelineWorld, type Service} from './pipeline-world.ts'

const PICTURES = 'docs/pictures'
const SOAK_MINUTES = Number(process.env['PAGES_SOAK_MINUTES'] ?? 30)
const EVENTS_PER_SECOND = 1000
const SEEN_MS = 1000
/** All pages of one look, with their barriers looked for, on a machine that has other things to do. */
const PICTURES_MS = 300_000
const HOSTILE = '<script>window.hacked = 1</script>'

let world: PipelineWorld
let api: Service
let browser: Browser
let contents: readonly string[]

beforeAll(async () => {
  world = await openPipelineWorld()
  const [, , started] = await Promise.all([
    world.start('ingestor'),
    world.start('processor'),
    world.start('api'),
  ])
  api = started
  browser = await openBrowser()
  contents = await seed()
}, 180_000)
afterAll(async () => {
  await browser?.close()
  await world?.[Symbol.asyncDispose]()
})

const TITLES = [
  'Daily News – Episode 1',
  'Deep Dive: How Postgres Commits',
  'The Morning Brief',
  'Interview: Building for Trust',
  'Weekend Reads',
  'Explained: Event Streams',
  'Live from the Newsroom',
  'The Long Read, Part 3',
]

/** Contents, and a day of events that ends now. */
async function seed(): Promise<readonly string[]> {
  const {rows} = await world.pool.query<{id: string}>(
    `INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
     SELECT gen_random_uuid(), 'content-' || n, title,
            (ARRAY['podcast', 'video', 'newsletter'])[1 + n % 3], 900 + n * 300, now() - n * interval '1 day'
     FROM unnest($1::text[]) WITH ORDINALITY AS t(title, n) RETURNING id`,
    [TITLES],
  )
  const ids = rows.map(({id}) => id)
  await insertEvents(ids, 40_000, 86_400)
  await insertEvents(ids, 2000, 1500)
  await world.pool.query(
    `INSERT INTO activity_events (user_id, activity_type, occurred_at, metadata)
     SELECT 'reader-' || (n % 20), (ARRAY['page_view', 'page_view', 'login', 'search'])[1 + n % 4],
            now() - (n % 9) * interval '1 day' - n * interval '1 second',
            jsonb_build_object('page', (ARRAY['/', '/podcasts', '/podcasts/daily-news', '/videos', '/newsletters'])[1 + (n * n) % 5])
     FROM generate_series(1, 800) n`,
  )
  return ids
}

/** Events of contents, the first ones more popular, spread over the last `seconds`. */
const insertEvents = async (
  ids: readonly string[],
  count: number,
  seconds: number,
): Promise<void> => {
  await world.pool.query(
    `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
     SELECT ($1::uuid[])[1 + floor(power(random(), 2) * cardinality($1::uuid[]))::int],
            ('00000000-0000-4000-8000-' || lpad(floor(random() * 900)::text, 12, '0'))::uuid,
            type, ts, CASE type WHEN 'play' THEN (random() * 1500000)::int END,
            (ARRAY['ios', 'ios', 'android', 'web', 'tv'])[1 + floor(random() * 5)::int]
     FROM (SELECT now() - random() * $3 * interval '1 second' AS ts,
                  (ARRAY['play', 'play', 'play', 'pause', 'finish', 'click'])[1 + floor(random() * 6)::int] AS type
           FROM generate_series(1, $2)) AS made
     -- People sleep: nights are quieter than evenings.
     WHERE $3 < 3600 OR random() < 0.55 + 0.4 * sin(extract(hour FROM ts) / 12 * pi())`,
    [ids, count, seconds],
  )
}

const numberOf = async (page: Page, selector: string): Promise<number> =>
  Number((await page.locator(selector).first().innerText()).replaceAll(/[^\d.]/g, ''))

/** Milliseconds from the commit until the page shows it: the median of five. */
async function seenAfter(
  commit: () => Promise<unknown>,
  shows: (round: number) => Promise<boolean>,
): Promise<number> {
  const took: number[] = []
  for (let round = 1; round <= 5; round++) {
    await commit()
    const committedAt = performance.now()
    await until('shown on the page', () => shows(round))
    took.push(Math.round(performance.now() - committedAt))
  }
  console.log(`seen after ${took.join(', ')} ms`)
  return took.toSorted((a, b) => a - b)[2]!
}

describe('an INSERT by SQL is seen within a second', () => {
  test('on the overview', async () => {
    const {page, mistakes, close} = await openPage(browser)
    await page.goto(api.url)
    await waitForLive(page, 'live', 30_000)
    const views = (): Promise<number> => numberOf(page, '[data-figure="page-views"]')
    await until('page views of the seed', async () => (await views()) > 0, 60_000)
    const before = await views()
    const took = await seenAfter(
      () =>
        world.pool.query(
          `INSERT INTO activity_events (user_id, activity_type, metadata) VALUES ('u1', 'page_view', '{"page": "/seen"}')`,
        ),
      async round => (await views()) === before + round,
    )
    expect(took).toBeLessThan(SEEN_MS)
    expect(mistakes).toEqual([])
    await close()
  })

  test('on the page of its content, with a hostile device as text', async () => {
    const {page, mistakes, close} = await openPage(browser)
    const [content] = contents
    await page.goto(`${api.url}/?view=content&id=${content}`)
    await waitForLive(page)
    await page.locator('[data-metric="clicks"]').waitFor()
    const before = await numberOf(page, '[data-metric="clicks"]')
    const took = await seenAfter(
      () =>
        world.pool.query(
          `INSERT INTO engagement_events (content_id, event_type, event_ts, device) VALUES ($1, 'click', now(), $2)`,
          [content, HOSTILE],
        ),
      async round => (await numberOf(page, '[data-metric="clicks"]')) === before + round,
    )
    expect(took).toBeLessThan(SEEN_MS)
    await page.getByRole('table', {name: 'Latest events'}).getByText('<script>').first().waitFor()
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(mistakes).toEqual([])
    await close()
  })

  test('in the inspector, decoded', async () => {
    const {page, mistakes, close} = await openPage(browser)
    const topic = `${world.env['TOPIC_PREFIX']}user_activity`
    await page.goto(`${api.url}/?view=inspector&topic=${topic}`)
    await waitForLive(page)
    const marker = `marker-${Date.now()}`
    let inserted = 0
    const took = await seenAfter(
      () =>
        world.pool.query(`INSERT INTO activity_events (user_id, activity_type) VALUES ('u2', $1)`, [
          `${marker}-${++inserted}`,
        ]),
      round => page.getByText(`${marker}-${round}`).first().isVisible(),
    )
    expect(took).toBeLessThan(SEEN_MS)
    expect(mistakes).toEqual([])
    await close()
  })
})

test('an event is traced through every store, with its times', async () => {
  const {rows} = await world.pool.query<{id: string}>(
    `INSERT INTO engagement_events (content_id, event_type, event_ts, duration_ms) VALUES ($1, 'play', now(), 1000) RETURNING id`,
    [contents[0]],
  )
  const {page, close} = await openPage(browser)
  await page.goto(`${api.url}/?view=pipeline&trace=engagement:${rows[0]!.id}`)
  for (const stage of ['postgresql', 'outbox', 'kafka', 'cassandra', 'redis']) {
    await until(`${stage} has it`, async () => {
      if (await page.locator(`[data-trace="${stage}"].present`).isVisible()) return true
      await page.getByRole('button', {name: 'Look again'}).click()
      await sleep(200)
      return false
    })
  }
  await page.getByText('from commit to visible').waitFor()
  await close()
})

test('INV-92: the API goes away and comes back, and the pages recover by themselves', async () => {
  const opened = await Promise.all(
    ['/', '/?view=pipeline', `/?view=content&id=${contents[0]}`].map(async path => {
      const one = await openPage(browser)
      await one.page.goto(`${api.url}${path}`)
      await waitForLive(one.page)
      return one
    }),
  )
  await api.kill()
  for (const {page} of opened) await waitForLive(page, 'stale')
  api = await world.start('api')
  for (const {page} of opened) await waitForLive(page, 'live', 20_000)
  for (const {close} of opened) await close()
})

test('NUL is refused on writing, and shows up on no page', async () => {
  const response = await fetch(`${api.url}/v1/content`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({slug: 'nul', title: 'a\u0000b'}),
  })
  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(response.status).toBeLessThan(500)
})

describe('photographs', () => {
  const paths = (): Readonly<Record<string, string>> => {
    const topic = `${world.env['TOPIC_PREFIX']}engagement_events`
    return {
      overview: '/',
      content: `/?view=content&id=${contents[0]}&compare=${contents[1]}`,
      user: '/?view=users&user=reader-3',
      pipeline: '/?view=pipeline&trace=engagement:1',
      inspector: `/?view=inspector&topic=${topic}&order=newest`,
      schemas: `/?view=inspector&tab=schemas&subject=${topic}-value`,
    }
  }

  test.each(
    Object.entries(WIDTHS).flatMap(([name, width]) =>
      SCHEMES.map(scheme => ({name, width, scheme})),
    ),
  )(
    'every page, $name and $scheme',
    async ({name, width, scheme}) => {
      mkdirSync(PICTURES, {recursive: true})
      const traffic = setInterval(() => void insertEvents(contents, 12, 1), 250)
      try {
        for (const [title, path] of Object.entries(paths())) {
          const {page, mistakes, close} = await openPage(browser, {scheme, width})
          await page.goto(`${api.url}${path}`)
          await page.waitForLoadState('load')
          // Two rounds of figures: rates need a before and an after.
          await sleep(title === 'overview' ? 8000 : 2500)
          expect(await overflowOf(page)).toBe(0)
          expect(await findBarriers(page)).toEqual([])
          expect(mistakes).toEqual([])
          await page.screenshot({path: `${PICTURES}/${title}-${name}-${scheme}.png`})
          await close()
        }
      } finally {
        clearInterval(traffic)
      }
    },
    PICTURES_MS,
  )
})

interface Usage {
  readonly heapMb: number
  readonly nodes: number
  /** Seconds of a core since the page was opened. */
  readonly taskS: number
}

async function measure(session: CDPSession): Promise<Usage> {
  await session.send('HeapProfiler.collectGarbage')
  const {metrics} = await session.send('Performance.getMetrics')
  const of = (name: string): number => metrics.find(one => one.name === name)?.value ?? Number.NaN
  return {heapMb: of('JSHeapUsedSize') / 1e6, nodes: of('Nodes'), taskS: of('TaskDuration')}
}

describe('a page that stays open all day', () => {
  const openMeasured = async () => {
    const one = await openPage(browser)
    await one.page.goto(api.url)
    await waitForLive(one.page)
    const session = await one.page.context().newCDPSession(one.page)
    await session.send('Performance.enable')
    return {...one, session}
  }

  test('takes less than a tenth of a core when nothing happens', async () => {
    const {session, close} = await openMeasured()
    await sleep(10_000)
    const before = await measure(session)
    const startedAt = performance.now()
    await sleep(20_000)
    const after = await measure(session)
    const share = (after.taskS - before.taskS) / ((performance.now() - startedAt) / 1000)
    console.log(`share of a core, idle: ${(share * 100).toFixed(1)} %`)
    expect(share).toBeLessThan(0.1)
    await close()
  })

  test(
    `stays as small as it was through ${SOAK_MINUTES} minutes of ${EVENTS_PER_SECOND} events/s`,
    async () => {
      const {session, mistakes, close} = await openMeasured()
      const samples: Usage[] = []
      const endAt = Date.now() + SOAK_MINUTES * 60_000
      let sampleAt = 0
      while (Date.now() < endAt) {
        const roundAt = Date.now()
        await insertEvents(contents, EVENTS_PER_SECOND / 2, 1)
        if (Date.now() > sampleAt) {
          samples.push(await measure(session))
          sampleAt = Date.now() + Math.min(30_000, (SOAK_MINUTES * 60_000) / 20)
        }
        await sleep(Math.max(0, roundAt + 500 - Date.now()))
      }
      samples.push(await measure(session))
      const mean = (part: readonly Usage[], of: keyof Usage): number =>
        part.reduce((sum, one) => sum + one[of], 0) / part.length
      // The first quarter fills the half hour of the charts' buffers and warms up the compiler.
      const quarter = Math.ceil(samples.length / 4)
      const early = samples.slice(quarter, 2 * quarter)
      const late = samples.slice(-quarter)
      console.log(
        `heap ${mean(early, 'heapMb').toFixed(1)} → ${mean(late, 'heapMb').toFixed(1)} MB,`,
        `nodes ${mean(early, 'nodes').toFixed(0)} → ${mean(late, 'nodes').toFixed(0)},`,
        `${samples.length} samples in ${SOAK_MINUTES} minutes`,
      )
      expect(mean(late, 'heapMb')).toBeLessThan(mean(early, 'heapMb') * 1.15 + 0.5)
      expect(mean(late, 'nodes')).toBeLessThan(mean(early, 'nodes') * 1.1 + 50)
      expect(mistakes).toEqual([])
      await close()
    },
    SOAK_MINUTES * 60_000 + 120_000,
  )
})

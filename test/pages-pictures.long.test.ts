/**
 * Photographs of every page for the documentation, on the real pipeline: wide and narrow, light and
 * dark. They are only taken when nothing is wider than its window and no barrier is found.
 *
 * `PAGES_TRAFFIC_MINUTES` is how long something happens before, for charts that show something.
 */
import {mkdirSync} from 'node:fs'
import {setTimeout as pause} from 'node:timers/promises'
import type {Browser} from 'playwright-core'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openBrowser} from './browser.ts'
import {insertEvents, insertViews, seed} from './pages-seed.ts'
import {findBarriers, openPage, overflowOf, SCHEMES, WIDTHS} from './pages-world.ts'
import {openPipelineWorld, until, type PipelineWorld, type Service} from './pipeline-world.ts'

const PICTURES = 'docs/pictures'
const TRAFFIC_MINUTES = Number(process.env['PAGES_TRAFFIC_MINUTES'] ?? 3)
const ROUND_MS = 500
const SEED_EVENTS = 12_000
/** All pages of one look, with their barriers looked for, on a machine that has other things to do. */
const PICTURES_MS = 300_000

let world: PipelineWorld
let api: Service
let browser: Browser
let contents: readonly string[]
const traffic = new AbortController()
let running: Promise<void>

beforeAll(
  async () => {
    browser = await openBrowser()
    // Names as everybody has them: the servers of a test run are its own.
    world = await openPipelineWorld({TOPIC_PREFIX: '', PROCESSOR_GROUP_ID: 'processor'})
    const [, , started] = await Promise.all([
      world.start('ingestor'),
      world.start('processor'),
      world.start('api'),
    ])
    api = started
    contents = await seed(world.pool, SEED_EVENTS)
    // The server remembers the half hour only while somebody looks: this one looks until the end.
    const {page} = await openPage(browser)
    await page.goto(api.url)
    running = keepHappening()
    await pause(TRAFFIC_MINUTES * 60_000)
    await until('everything is processed', async () => (await behind()) < 200, 120_000)
  },
  TRAFFIC_MINUTES * 60_000 + 300_000,
)
afterAll(async () => {
  traffic.abort()
  await running
  await browser?.close()
  await world?.[Symbol.asyncDispose]()
})

/** Sixty events a second, in waves. */
async function keepHappening(): Promise<void> {
  for (let n = 0; !traffic.signal.aborted; n++) {
    const wave = 1 + 0.4 * Math.sin(n / 25) + 0.2 * Math.sin(n / 7)
    await insertEvents(world.pool, {ids: contents, count: Math.round(30 * wave), seconds: 1})
    await insertViews(world.pool, Math.round(6 * wave))
    await pause(ROUND_MS)
  }
}

async function behind(): Promise<number> {
  const answer = await fetch(`${api.url}/v1/admin/pipeline`)
  const {lag_records: lag} = (await answer.json()) as {readonly lag_records: number | null}
  return lag ?? Number.POSITIVE_INFINITY
}

/** Each with a text that only stands there when the figures have come. */
const views = (
  newest: number,
): Readonly<Record<string, readonly [path: string, shows: string]>> => {
  const topic = 'engagement_events'
  return {
    overview: [
      '/',
      '.cols:has([data-figure="events-per-second"]:not(:text-is("0"))):has([data-figure="page-views"] + small:not(:text-is("0 per second"))):not(:has(.figure:text("–")))',
    ],
    contents: ['/?view=content', 'text=The Long Read, Part 3'],
    content: [`/?view=content&range=60m&id=${contents[0]}&compare=${contents[1]}`, 'tbody td'],
    users: ['/?view=users', 'tbody td'],
    user: ['/?view=users&user=reader-3', 'tbody td'],
    pipeline: [
      `/?view=pipeline&trace=engagement:${newest}`,
      '[data-stage="Kafka"] .figure:not(:has-text("–"))',
    ],
    trace: [`/?view=pipeline&trace=engagement:${newest}`, '[data-trace="redis"]'],
    inspector: [`/?view=inspector&topic=${topic}&order=newest`, 'tbody td'],
    schemas: [`/?view=inspector&tab=schemas&subject=${topic}-value`, 'pre'],
  }
}

/** A few seconds old: it has been through everything. */
const newestEvent = async (): Promise<number> => {
  const {rows} = await world.pool.query<{id: number}>(
    `SELECT max(id)::int AS id FROM engagement_events WHERE event_ts < now() - interval '5 seconds'`,
  )
  return rows[0]!.id
}

test.each(
  Object.entries(WIDTHS).flatMap(([name, width]) => SCHEMES.map(scheme => ({name, width, scheme}))),
)(
  'every page, $name and $scheme',
  async ({name, width, scheme}) => {
    mkdirSync(PICTURES, {recursive: true})
    for (const [title, [path, shows]] of Object.entries(views(await newestEvent()))) {
      const {page, mistakes, close} = await openPage(browser, {scheme, width})
      await page.goto(`${api.url}${path}`)
      await page.locator(shows).first().waitFor({timeout: 20_000})
      await until('live, and nothing still to come', async () => {
        const signs = await page.locator('[data-live]').count()
        const live = await page.locator('[data-live="live"]').count()
        return live === signs && (await page.locator('.skeleton').count()) === 0
      })
      if (title === 'trace') await page.locator('[data-trace="redis"]').scrollIntoViewIfNeeded()
      expect(await overflowOf(page)).toBe(0)
      expect(await findBarriers(page)).toEqual([])
      expect(mistakes).toEqual([])
      await page.screenshot({path: `${PICTURES}/${title}-${name}-${scheme}.png`})
      await close()
    }
  },
  PICTURES_MS,
)

/**
 * Pages that stay open all day, on the real pipeline: what they cost, and whether they grow.
 *
 * `PAGES_SOAK_MINUTES` shortens the half hour. What was measured is stored in test/results.
 */
import {mkdirSync, writeFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {setTimeout as pause} from 'node:timers/promises'
import type {Browser} from 'playwright-core'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openBrowser} from './browser.ts'
import {insertEvents, insertViews, seed} from './pages-seed.ts'
import {openMeter, openRenderClock, type Usage} from './pages-usage.ts'
import {openPage} from './pages-world.ts'
import {openPipelineWorld, type PipelineWorld, type Service} from './pipeline-world.ts'

const RESULT = 'test/results/pages-soak.json'
const SOAK_MINUTES = Number(process.env['PAGES_SOAK_MINUTES'] ?? 30)
const EVENTS_PER_SECOND = 1000
const ROUND_MS = 500
const SAMPLE_MS = Math.min(30_000, (SOAK_MINUTES * 60_000) / 20)
const IDLE_SECONDS = 20

let world: PipelineWorld
let api: Service
let browser: Browser
let contents: readonly string[]

beforeAll(async () => {
  browser = await openBrowser()
  world = await openPipelineWorld()
  const [, , started] = await Promise.all([
    world.start('ingestor'),
    world.start('processor'),
    world.start('api'),
  ])
  api = started
  contents = await seed(world.pool)
}, 180_000)
afterAll(async () => {
  await browser?.close()
  await world?.[Symbol.asyncDispose]()
})

/** Pages that go on by themselves, each with what is there when its first figures have come. */
const livePages = (): Readonly<Record<string, readonly [path: string, ready: string]>> => {
  const topic = `${world.env['TOPIC_PREFIX']}engagement_events`
  return {
    overview: ['/', '[data-figure="page-views"]'],
    content: [`/?view=content&id=${contents[0]}`, '[data-metric="events"]'],
    users: ['/?view=users', '[data-live="live"]'],
    pipeline: ['/?view=pipeline', '[data-stage="Stores"]'],
    inspector: [`/?view=inspector&topic=${topic}`, 'table'],
  }
}

/** What this file measured, as far as it got. */
const measured: Record<string, unknown> = {
  at: new Date().toISOString(),
  environment: {node: process.version, cores: availableParallelism()},
  compared: 'the least of the second and of the last quarter',
}
const store = (name: string, value: unknown): void => {
  measured[name] = value
  mkdirSync('test/results', {recursive: true})
  writeFileSync(RESULT, `${JSON.stringify(measured, null, 2)}\n`)
}
const round = (value: number, digits = 1): number => Number(value.toFixed(digits))

test('each page takes less than a tenth of a core when nothing happens', async () => {
  const renderS = await openRenderClock(browser)
  const shares: Record<string, number> = {}
  for (const [name, [path, ready]] of Object.entries(livePages())) {
    const {page, close} = await openPage(browser)
    await page.goto(`${api.url}${path}`)
    await page.locator(ready).first().waitFor()
    await page.evaluate('document.fonts.ready.then(() => true)')
    const [fromS, startedAt] = [await renderS(), performance.now()]
    // Asking the page how long it waited already would be work for it.
    await pause(IDLE_SECONDS * 1000)
    const took = (performance.now() - startedAt) / 1000
    shares[name] = round(((await renderS()) - fromS) / took, 3)
    await close()
  }
  store('idle_share_of_a_core', shares)
  console.log('share of a core, idle:', shares)
  for (const [name, share] of Object.entries(shares)) expect(share, name).toBeLessThan(0.1)
}, 300_000)

test(
  `the pages stay as small as they were through ${SOAK_MINUTES} minutes of ${EVENTS_PER_SECOND} events/s`,
  async () => {
    const opened = await Promise.all(
      Object.entries(livePages()).map(async ([name, [path, ready]]) => {
        const one = await openPage(browser)
        await one.page.goto(`${api.url}${path}`)
        await one.page.locator(ready).first().waitFor({timeout: 60_000})
        return {...one, name, meter: await openMeter(one.page), samples: [] as Usage[]}
      }),
    )
    const sample = async (): Promise<void> => {
      for (const one of opened) one.samples.push(await one.meter.measure())
    }
    const startedAt = Date.now()
    const endAt = startedAt + SOAK_MINUTES * 60_000
    let inserted = 0
    let sampleAt = 0
    for (let n = 1; Date.now() < endAt; n++) {
      const count = (EVENTS_PER_SECOND * ROUND_MS) / 1000
      await insertEvents(world.pool, {ids: contents, count, seconds: 1})
      await insertViews(world.pool, Math.round(20 + 12 * Math.sin(n / 90)))
      inserted += count
      if (Date.now() > sampleAt) {
        await sample()
        sampleAt = Date.now() + SAMPLE_MS
      }
      // Against the clock, not against the round before: the mean is the rate that was promised.
      await pause(Math.max(0, startedAt + n * ROUND_MS - Date.now()))
    }
    const rate = inserted / ((Date.now() - startedAt) / 1000)
    await sample()
    const growth = opened.map(({name, samples}) => ({name, ...compare(samples)}))
    store('soak', {
      minutes: SOAK_MINUTES,
      events_per_second: round(rate, 0),
      samples: opened[0]!.samples.length,
      pages: growth,
      heap_mb: Object.fromEntries(
        opened.map(({name, samples}) => [name, samples.map(({heapMb}) => round(heapMb, 2))]),
      ),
      nodes: Object.fromEntries(
        opened.map(({name, samples}) => [name, samples.map(({nodes}) => nodes)]),
      ),
    })
    console.log(`${rate.toFixed(0)} events/s`, growth)
    expect(rate).toBeGreaterThan(EVENTS_PER_SECOND * 0.95)
    for (const {name, heapMb, nodes, listeners} of growth) {
      expect(heapMb[1], `heap of ${name}`).toBeLessThan(heapMb[0] * 1.1 + 0.5)
      expect(nodes[1], `nodes of ${name}`).toBeLessThan(nodes[0] * 1.1 + 50)
      expect(listeners[1], `listeners of ${name}`).toBeLessThan(listeners[0] * 1.1 + 20)
    }
    for (const {mistakes, close} of opened) {
      expect(mistakes).toEqual([])
      await close()
    }
  },
  SOAK_MINUTES * 60_000 + 180_000,
)

type Pair = readonly [early: number, late: number]

/**
 * The first quarter fills the charts' buffers and warms up the compiler: the second is the measure.
 * The least of a quarter is compared: rows that were just replaced count until the next collection,
 * and what is held for good is in every sample.
 */
function compare(samples: readonly Usage[]): Readonly<Record<keyof Usage, Pair>> {
  const quarter = Math.ceil(samples.length / 4)
  const least = (part: readonly Usage[], of: keyof Usage): number =>
    Math.min(...part.map(one => one[of]))
  const pair = (of: keyof Usage): Pair => [
    round(least(samples.slice(quarter, 2 * quarter), of), 2),
    round(least(samples.slice(-quarter), of), 2),
  ]
  return {
    heapMb: pair('heapMb'),
    nodes: pair('nodes'),
    listeners: pair('listeners'),
    threadS: pair('threadS'),
  }
}

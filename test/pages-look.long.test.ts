/** The pages in a real browser, with invented and hostile figures: look, access, states. */
import type {AddressInfo} from 'node:net'
import type {Server} from 'node:http'
import {readFile} from 'node:fs/promises'
import {setTimeout as pause} from 'node:timers/promises'
import type {Browser} from 'playwright-core'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {openBrowser} from './browser.ts'
import {startFakeApi} from './pages-fake.ts'
import {HOSTILE, uuid} from './pages-hostile.ts'
import {findBarriers, openPage, overflowOf, SCHEMES, waitForLive, WIDTHS} from './pages-world.ts'

const ONE = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-1111-4111-8111-111111111111'
const SCRIPT = '33333333-1111-4111-8111-111111111111'
const LONG = '44444444-1111-4111-8111-111111111111'

/** Each page, and a text that stands on it when everything has come. */
const PAGES: Readonly<Record<string, readonly [path: string, shows: string]>> = {
  overview: ['/', HOSTILE.script],
  contents: ['/?view=content', HOSTILE.rtl],
  content: [`/?view=content&id=${ONE}&compare=${OTHER}`, '90210'],
  'a comparison of long titles': [`/?view=content&id=${SCRIPT}&compare=${LONG}`, '90210'],
  users: ['/?view=users', HOSTILE.emoji],
  user: ['/?view=users&user=u1', 'page_view'],
  alerts: ['/?view=alerts&open=99', 'The first 3 of 120'],
  'alerts that are over': ['/?view=alerts&tab=history', HOSTILE.script],
  'channels of alerts': ['/?view=alerts&tab=channels', 'Send again'],
  'rules of alerts': [`/?view=alerts&tab=rules&open=${uuid(1)}`, 'Delete'],
  insight: ['/?view=insight', HOSTILE.rtl],
  pipeline: ['/?view=pipeline&trace=engagement:7', 'its slot was rotated'],
  schedules: ['/?view=schedules', 'fetch-users'],
  'runs of a job': ['/?view=schedules&job=fetch-users&open=41', 'the server was away'],
  topics: ['/?view=inspector', 'user_activity'],
  messages: [
    '/?view=inspector&topic=engagement_events&open=4-3996',
    '<script>window.hacked = 1</script>',
  ],
  partitions: ['/?view=inspector&topic=engagement_events&tab=partitions', 'Next offset'],
  configuration: ['/?view=inspector&topic=engagement_events&tab=config', 'cleanup.policy'],
  groups: ['/?view=inspector&tab=groups', 'processor'],
  schemas: ['/?view=inspector&tab=schemas&subject=engagement_events-value&against=1', '"device"'],
  'dead letters': ['/?view=inspector&tab=dead-letters&open=engagement_events:4:17', HOSTILE.script],
}

let browser: Browser
let server: Server
let url: string

const stop = async (): Promise<void> => {
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
}

beforeAll(async () => {
  browser = await openBrowser()
  ;({url, server} = await startFakeApi())
})
afterAll(async () => {
  await browser?.close()
  if (server !== undefined) await stop()
})

const looks = Object.entries(WIDTHS).flatMap(([name, width]) =>
  SCHEMES.map(scheme => ({name, width, scheme})),
)

describe.each(looks)('$name and $scheme', ({width, scheme}) => {
  test.each(Object.entries(PAGES))(
    'the page %s is whole and open to everybody',
    async (_, [path, shows]) => {
      const {page, mistakes, close} = await openPage(browser, {scheme, width})
      try {
        await page.goto(`${url}${path}`)
        await page.getByText(shows).first().waitFor()
        expect(await overflowOf(page)).toBe(0)
        expect(await findBarriers(page)).toEqual([])
        expect(await page.evaluate('window.hacked')).toBeUndefined()
        expect(mistakes).toEqual([])
      } finally {
        await close()
      }
    },
  )
})

test('the address holds the state: what is chosen can be shared', async () => {
  const {page, close} = await openPage(browser)
  await page.goto(`${url}/?view=content&id=${ONE}`)
  await page.getByRole('button', {name: '7 days'}).click()
  await page.getByLabel('Granularity').selectOption('hour')
  await page.getByLabel('Metric').selectOption('completion_rate')
  expect(new URL(page.url()).search).toBe(
    `?view=content&granularity=hour&id=${ONE}&metric=completion_rate&range=7d`,
  )
  const shared = await openPage(browser)
  await shared.page.goto(page.url())
  await shared.page.getByRole('heading', {name: 'Completion'}).waitFor()
  expect(await shared.page.getByRole('button', {name: '7 days'}).getAttribute('aria-pressed')).toBe(
    'true',
  )
  await shared.close()
  await close()
})

test('a content is found and opened by keyboard alone', async () => {
  const {page, close} = await openPage(browser)
  await page.goto(`${url}/?view=content&id=${ONE}`)
  await page.getByRole('combobox', {name: 'Content', exact: true}).focus()
  await page.keyboard.type('Deep')
  await page.locator('[role=option]:only-child', {hasText: 'Deep Dive'}).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', {level: 1, name: /Deep Dive/}).waitFor()
  expect(page.url()).toContain(OTHER)
  await close()
})

test('what one sees can be saved as CSV', async () => {
  const {page, close} = await openPage(browser)
  await page.goto(url)
  await page.getByText(HOSTILE.emoji).first().waitFor()
  const coming = page.waitForEvent('download')
  await page.getByRole('button', {name: 'Save most-engaging-content as CSV'}).click()
  const text = await readFile(await (await coming).path(), 'utf8')
  expect(text.split('\r\n')[0]).toBe('rank,content_id,title,engagement_seconds')
  expect(text).toContain(`1,${ONE},Daily News – Episode 1,90000`)
  expect(text).toContain(HOSTILE.emoji)
  await close()
})

test('INV-91: the server goes away and comes back, and every kind of page recovers', async () => {
  const {port} = server.address() as AddressInfo
  const opened = await Promise.all(
    ['/', '/?view=pipeline', '/?view=inspector&topic=engagement_events'].map(async path => {
      const one = await openPage(browser)
      await one.page.goto(`${url}${path}`)
      await waitForLive(one.page)
      return one
    }),
  )
  await stop()
  for (const {page} of opened) await waitForLive(page, 'stale')
  ;({url, server} = await startFakeApi(port))
  for (const {page, mistakes} of opened) {
    await waitForLive(page, 'live', 15_000)
    expect(mistakes).toEqual([])
  }
  for (const {close} of opened) await close()
})

test('every page says that the pipeline is not healthy and leads to what to do, until it is', async () => {
  const {page, mistakes, close} = await openPage(browser)
  await page.goto(`${url}/?view=users`)
  const banner = page.locator('[data-health="unhealthy"]')
  await banner.getByText('engagement_events/4 stands still. And 1 more.').waitFor()
  await banner.getByRole('link', {name: 'What to do'}).click()
  const card = page.getByRole('region', {name: 'Health'})
  await card.getByText('Look up the cause in the table of the runbook.').waitFor()
  await card.getByText('docs/RUNBOOK.md#dead-letters').waitFor()
  await page.getByRole('region', {name: 'Compared with SQL'}).getByText('3 differ').waitFor()
  await page.route('**/v1/platform/health', route =>
    route.fulfill({json: {healthy: true, state: 'healthy', findings: []}}),
  )
  await card.getByText('Healthy: nothing was found').waitFor()
  await page.reload()
  await card.getByText('Healthy: nothing was found').waitFor()
  expect(await banner.count()).toBe(0)
  expect(mistakes).toEqual([])
  await close()
})

test('a refusal is told in words, and a page without a session asks for a key', async () => {
  const {page, close} = await openPage(browser)
  await page.route('**/v1/content?*', route =>
    route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: JSON.stringify({title: 'Unavailable', detail: '<b>Cassandra</b> does not answer'}),
    }),
  )
  await page.goto(`${url}/?view=content`)
  await page.getByText('Unavailable: <b>Cassandra</b> does not answer').waitFor()
  // It asks again by itself: INV-91.
  await page.unroute('**/v1/content?*')
  await page.getByText('Deep Dive: Databases').waitFor()

  let signedIn = false
  await page.route('**/v1/session', route => {
    if (route.request().method() === 'POST') {
      signedIn = route.request().headers()['authorization'] === 'Bearer secret-key'
    }
    return route.fulfill({
      status: signedIn ? 200 : 401,
      contentType: 'application/json',
      body: '{}',
    })
  })
  await page.goto(url)
  await page.getByLabel('API key').fill('secret-key')
  await page.getByRole('button', {name: 'Sign in'}).click()
  await page.getByText(HOSTILE.emoji).first().waitFor()
  expect(page.url()).not.toContain('secret-key')
  await close()
})

test('a list that takes longer than the next event is shown all the same', async () => {
  const {page, close} = await openPage(browser)
  const figures = (await (await fetch(`${url}/v1/content/${ONE}/metrics`)).json()) as {
    readonly metrics: {readonly events: number}
  }
  let events = figures.metrics.events
  // Each answer is one event more, and the next one is asked for soon.
  await page.route(`**/v1/live/content/${ONE}`, route => {
    const data = {...figures, metrics: {...figures.metrics, events: ++events}}
    const body = `retry: 200\nevent: content\ndata: ${JSON.stringify(data)}\n\n`
    return route.fulfill({contentType: 'text/event-stream', body})
  })
  let [asked, atOnce, mostAtOnce] = [0, 0, 0]
  await page.route(`**/v1/content/${ONE}/events?*`, async route => {
    asked += 1
    atOnce += 1
    mostAtOnce = Math.max(mostAtOnce, atOnce)
    await pause(1500)
    atOnce -= 1
    await route.continue().catch(() => undefined)
  })
  await page.goto(`${url}/?view=content&id=${ONE}`)
  await page.getByRole('table', {name: 'Latest events'}).waitFor()
  await expect.poll(() => asked, {timeout: 10_000}).toBeGreaterThan(2)
  expect(mostAtOnce).toBe(1)
  await close()
})

test('without anything to show, each page says so', async () => {
  const {page, close} = await openPage(browser)
  await page.route('**/v1/content?*', route =>
    route.fulfill({json: {items: [], page: {limit: 50, next_cursor: null}}}),
  )
  await page.route('**/v1/admin/dead-letters*', route =>
    route.fulfill({json: {items: [], matching: 0, groups: []}}),
  )
  await page.goto(`${url}/?view=content`)
  await page.getByText('Nothing found').waitFor()
  await page.goto(`${url}/?view=inspector&tab=dead-letters`)
  await page.getByText('No dead letters').waitFor()
  await close()
})

test('many dead letters are driven again after asking once, with progress and a summary', async () => {
  const {page, close} = await openPage(browser)
  const bodies: unknown[] = []
  const second = Promise.withResolvers<void>()
  await page.route('**/v1/admin/dead-letters/redrive', async route => {
    bodies.push(route.request().postDataJSON())
    if (bodies.length === 1)
      return await route.fulfill({json: {resolved: 100, failed: [], next: 'abc'}})
    await second.promise
    const failed = [{id: 'outbox:7', detail: 'its row is locked'}]
    await route.fulfill({json: {resolved: 149, failed, next: null}})
  })
  await page.goto(`${url}/?view=inspector&tab=dead-letters`)
  await page.getByRole('combobox', {name: 'Reason'}).selectOption('RULE_BROKEN')
  await page.getByRole('button', {name: 'Re-drive all 250'}).click()
  expect(bodies).toEqual([])
  await page.getByRole('button', {name: 'Publish 250 again'}).click()
  await page.getByText('100 of 250').waitFor()
  second.resolve()
  await page.getByText('249 re-driven, 1 failed and stay open').waitFor()
  await page.getByText('outbox:7: its row is locked').waitFor()
  expect(bodies).toEqual([{reason: 'RULE_BROKEN'}, {reason: 'RULE_BROKEN', after: 'abc'}])
  expect(new URL(page.url()).searchParams.get('reason')).toBe('RULE_BROKEN')
  await close()
})

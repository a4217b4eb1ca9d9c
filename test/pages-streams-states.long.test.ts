/** Pages of any stream while something is missing: not there yet, refused, away, incomplete, being read. */
import type {Page, Route} from 'playwright-core'
import {describe, expect, test} from 'vitest'
import {UNKNOWN_KEY} from './pages-figures-streams.ts'
import {LOOKS, useFakePages} from './pages-fake-world.ts'
import {waitForLive} from './pages-world.ts'

const pages = useFakePages()
const ORDERS = '/?view=streams&stream=orders'
const keyed = (key: string): string => `&key=${encodeURIComponent(JSON.stringify([key]))}`
const ONE = `${ORDERS}&tab=keys&by=customer_id${keyed('a')}`
const EVENTS = `${ORDERS}&tab=events${keyed('a')}`

const refuse = (status: number, detail: string) => (route: Route) =>
  route.fulfill({
    status,
    contentType: 'application/problem+json',
    body: JSON.stringify({title: 'That does not work now', detail}),
  })
const AWAY = 'orders lacks rows: it is being rebuilt'

const PAGES: readonly (readonly [name: string, path: string])[] = [
  ['all streams', '/?view=streams'],
  ['one stream', ORDERS],
  ['keys', `${ORDERS}&tab=keys`],
  ['one key', ONE],
  ['events', EVENTS],
]

test.each(PAGES)('%s: while nothing has come, it says that it comes', async (_, path) => {
  const waiting = Promise.withResolvers<void>()
  const page = await pages.open(path, {
    prepare: made =>
      made.route('**/v1/streams**', async route => {
        await waiting.promise
        await route.continue()
      }),
  })
  await page.getByText('Loading').first().waitFor({state: 'attached'})
  waiting.resolve()
  await page.locator('.skeleton').first().waitFor({state: 'detached'})
})

test.each(PAGES)('%s: a server that refuses says why, and it comes by itself', async (_, path) => {
  const page = await pages.open(path, {
    prepare: made => made.route('**/v1/**', refuse(503, AWAY)),
  })
  await page.getByText(AWAY).first().waitFor()
  await page.unroute('**/v1/**')
  // INV-91
  await page.getByText(AWAY).first().waitFor({state: 'detached'})
  await page.locator('.skeleton').first().waitFor({state: 'detached'})
})

test.each(LOOKS)(
  'a part that is refused does not take the others along, $name and $scheme',
  async look => {
    const page = await pages.open(ORDERS, {
      look,
      async prepare(made) {
        await made.route('**/breakdown/**', refuse(503, AWAY))
        await made.route('**/active', refuse(422, 'orders has no window of active values'))
      },
    })
    await page.getByText(AWAY).first().waitFor()
    await page.getByText('orders has no window of active values').waitFor()
    await page.locator('[data-metric="orders"]').getByText('9,642').waitFor()
    await page.getByRole('table', {name: 'Most by customer_id'}).waitFor()
  },
)

test('figures that the server has no answer for in the range stay those of all time', async () => {
  const page = await pages.open(ORDERS, {
    prepare: made => made.route('**/metrics?*period=*', refuse(503, AWAY)),
  })
  await page.getByText(`24 hours: That does not work now: ${AWAY}`).waitFor()
  await page.getByText('48.2K').first().waitFor()
  expect(await page.locator('[data-metric="orders"]').innerText()).toBe('–')
})

test('an answer that lacks something says what', async () => {
  const note = 'partition orders 3 stands still: what came into it since is not in this answer'
  const page = await pages.open(ORDERS, {
    prepare: made =>
      made.route('**/v1/streams/orders/**', async route => {
        const answer = (await (await route.fetch()).json()) as {meta: object}
        await route.fulfill({json: {...answer, meta: {...answer.meta, notes: [note]}}})
      }),
  })
  await page.getByText(note).first().waitFor()
  await page.goto(`${pages.url}/?view=streams`)
  await page.getByText('incomplete').first().waitFor()
})

test('a page that is not kept up to date says so, and since when', async () => {
  const page = await pages.open(ORDERS)
  await waitForLive(page)
  await page.route('**/v1/**', route => route.abort())
  await waitForLive(page, 'stale', 15_000)
  await page.getByText(/Stale, reconnecting · last \d+ s ago/).waitFor()
  await page.getByText('Not up to date: the server does not answer').first().waitFor()
  await page.unroute('**/v1/**')
  await waitForLive(page)
})

test('what is refused for good is not live, and is asked for once', async () => {
  let asked = 0
  const page = await pages.open(ORDERS, {
    async prepare(made) {
      await made.clock.install()
      await made.route('**/orders/metrics?*', async route => {
        asked++
        await refuse(403, 'the key lacks the scope read')(route)
      })
    },
  })
  await page.getByText('the key lacks the scope read').first().waitFor()
  await waitForLive(page, 'refused')
  const before = asked
  await page.clock.runFor(60_000)
  expect(asked).toBe(before)
})

test('a key under which nothing was counted says so', async () => {
  const page = await pages.open(`${ORDERS}&tab=keys&by=customer_id${keyed(UNKNOWN_KEY)}`)
  await page.getByText('Nothing was counted under this key.').waitFor()
  await page.getByText('No events here').waitFor()
})

test('without streams, and where nothing came lately, the page says what to do', async () => {
  const page = await pages.open('/?view=streams', {
    prepare: made => made.route('**/v1/streams', route => route.fulfill({json: {items: []}})),
  })
  await page.getByText('No stream is declared').waitFor()
  await page.unroute('**/v1/streams')
  await page.route('**/top?*', route =>
    route.fulfill({
      json: {metric: 'orders', items: [], meta: {notes: [], newest_event_at: null}},
    }),
  )
  await page.goto(`${pages.url}${ORDERS}`)
  await page.getByText('Nothing came in the last 10 minutes').waitFor()
})

describe('events that pour in', () => {
  /** Three more at each look. */
  const pour = (page: Page) => {
    let newest = 90_210
    return page.route('**/events?*', async route => {
      const given = (await (await route.fetch()).json()) as {items: {id: number}[]}
      newest += 3
      const items = given.items.map((item, i) => ({...item, id: newest - i}))
      await route.fulfill({json: {...given, items}})
    })
  }

  test.each([
    ['on their page', EVENTS],
    ['beside the figures of a key', ONE],
  ])('hold still while one is open, %s, and go on by their button', async (_, path) => {
    const page = await pages.open(path, {prepare: pour})
    const opener = page.locator('.expander').first()
    await opener.click()
    const opened = await page.locator('.expander[aria-expanded="true"]').innerText()
    const button = page.locator('[data-paused]')
    await button.getByText('6 new').waitFor({timeout: 15_000})
    expect(await page.locator('.expander').first().innerText()).toBe(opened)
    await button.click()
    await expect.poll(() => page.locator('.expander').nth(1).innerText()).not.toBe(opened)
    expect(await page.locator('.expander[aria-expanded="true"]').innerText()).toBe(opened)
  })
})

describe('the part of the pages for streams', () => {
  const isScript = (url: string): boolean => new URL(url).pathname.endsWith('.js')

  test('is loaded when it is first asked for', async () => {
    const scripts: string[] = []
    const page = await pages.open('/', {
      async prepare(made) {
        made.on('request', request => {
          if (isScript(request.url())) scripts.push(request.url())
        })
        await Promise.resolve()
      },
    })
    await page.getByRole('heading', {level: 1, name: 'Overview'}).waitFor()
    expect(scripts).toHaveLength(1)
    const coming = page.waitForRequest(/\/assets\/streams-[^/]+\.js$/)
    await page.getByRole('link', {name: 'Streams'}).click()
    await coming
    await page.getByText('public.orders').first().waitFor()
  })

  test('that does not come says so, and comes when the page is loaded anew', async () => {
    const page = await pages.open('/')
    await page.route('**/assets/streams-*.js', route => route.abort())
    await page.getByRole('link', {name: 'Streams'}).click()
    await page.getByText('That did not work').waitFor()
    await page.unroute('**/assets/streams-*.js')
    await page.getByRole('button', {name: 'Try again'}).click()
    await page.getByText('public.orders').first().waitFor()
  })
})

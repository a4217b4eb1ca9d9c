/** Pages of any stream, with invented and hostile ones: each page, its addresses, its keys and its events. */
import {readFile} from 'node:fs/promises'
import type {Page} from 'playwright-core'
import {describe, expect, test} from 'vitest'
import {HARD_KEYS} from './pages-figures-streams.ts'
import {HOSTILE} from './pages-hostile.ts'
import {askOf, drawnOn, LOOKS, PHONE, useFakePages, watchCanvas} from './pages-fake-world.ts'
import {findBarriers, overflowOf} from './pages-world.ts'

const pages = useFakePages()
const ORDERS = '/?view=streams&stream=orders'
const keyed = (...key: readonly (string | null)[]): string =>
  `&key=${encodeURIComponent(JSON.stringify(key))}`
const ONE = `${ORDERS}&tab=keys&by=customer_id${keyed('a/b')}`
const EVENTS = `${ORDERS}&tab=events${keyed('a/b')}`

const choice = (page: Page, name: string) => page.getByRole('combobox', {name, exact: true})
const title = (page: Page, name: string | RegExp) => page.getByRole('heading', {level: 1, name})

/** Each page, and a text that stands on it when everything has come. */
const PAGES: Readonly<Record<string, readonly [path: string, shows: string]>> = {
  list: ['/?view=streams', 'public.orders'],
  overview: [ORDERS, '-12345678901234567.99'],
  'a hostile overview': ['/?view=streams&stream=hostile', '"; DROP TABLE orders; --'],
  'keys of a rollup': [`${ORDERS}&tab=keys&by=customer_id`, HOSTILE.script],
  'keys of a hundred rollups': ['/?view=streams&stream=hostile&tab=keys', HOSTILE.script],
  'one key': [ONE, '90210'],
  'one key of two columns': [
    `${ORDERS}&tab=keys&by=region_shop${keyed(null, HOSTILE.long)}`,
    'no value',
  ],
  'events without a key': [`${ORDERS}&tab=events`, 'Events are found by their customer_id'],
  events: [`${EVENTS}&open=90210`, 'Trace this event'],
  'events of a hostile stream': [
    `/?view=streams&stream=hostile&tab=events${keyed(HOSTILE.rtl)}&open=90210`,
    'Trace this event',
  ],
  'only hours': ['/?view=streams&stream=hourly', '-12345678901234567.99'],
  'only totals': ['/?view=streams&stream=totals', 'Only totals are kept'],
  'no whole': ['/?view=streams&stream=keyed', 'The whole of this stream is not counted'],
  'nothing counted': ['/?view=streams&stream=bare', 'Nothing is counted'],
  'no keys': ['/?view=streams&stream=bare&tab=keys', 'This stream is not counted by keys'],
  'no stream': ['/?view=streams&stream=nothing', 'There is no stream of this name'],
}

/** Both widths and both schemes, in two. */
const TWO = LOOKS.filter(({name, scheme}) => (name === 'wide') === (scheme === 'light'))

describe.each(TWO)('$name and $scheme', look => {
  test.each(Object.entries(PAGES))(
    'the page %s is whole and open to everybody, and asks nothing that is refused',
    async (_, [path, shows]) => {
      const refused: string[] = []
      const page = await pages.open(path, {
        look,
        async prepare(made) {
          made.on('response', response => {
            if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`)
          })
          await Promise.resolve()
        },
      })
      await page.getByText(shows).first().waitFor()
      await page.locator('.skeleton').first().waitFor({state: 'detached'})
      expect(await overflowOf(page)).toBe(0)
      expect(await findBarriers(page)).toEqual([])
      expect(await page.evaluate('window.hacked')).toBeUndefined()
      expect(refused).toEqual([])
    },
  )
})

test.each(Object.entries(PAGES))(
  'everything on the page %s that can be touched is 24 pixels high and wide',
  async (_, [path, shows]) => {
    const page = await pages.open(path, {look: PHONE})
    await page.getByText(shows).first().waitFor()
    const small = await page.evaluate<readonly string[]>(`
      [...document.querySelectorAll('a, button, select, input, summary')]
        .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.matches('.skip'))
        .map(one => [one, one.getBoundingClientRect()])
        .filter(([, {width, height}]) => width > 0 && (width < 23.5 || height < 23.5))
        .map(([one, {width, height}]) => one.outerHTML.slice(0, 90) + ' ' + width + ' × ' + height)`)
    expect(small).toEqual([])
  },
)

test.each([
  ['/?view=streams', /^Streams · /],
  [ORDERS, /^orders · Streams · /],
  [`${ORDERS}&tab=keys`, /^orders · Keys · /],
  [ONE, /^a\/b · orders · /],
  [EVENTS, /^orders · Events of a\/b · /],
])('the tab of %s is called by what it shows', async (path, name) => {
  const page = await pages.open(path)
  await expect.poll(() => page.title()).toMatch(name)
})

test('a stream is reached from the navigation, and from it a key, its events, one event and its trace', async () => {
  const page = await pages.open('/')
  await page.getByRole('navigation', {name: 'Pages'}).getByRole('link', {name: 'Streams'}).click()
  await page.getByRole('main').getByRole('link', {name: 'orders'}).click()
  await title(page, 'orders').waitFor()
  await page.getByRole('table', {name: 'Most by customer_id'}).getByRole('link').first().click()
  await title(page, HARD_KEYS[0][0]).waitFor()
  await page.getByRole('link', {name: 'All of them'}).click()
  await page.getByRole('heading', {name: 'Events', exact: true}).waitFor()
  await page.getByRole('button', {name: 'Event 90210'}).click()
  await page.getByRole('link', {name: 'Trace this event'}).click()
  await title(page, 'Pipeline').waitFor()
  expect(new URL(page.url()).searchParams.get('trace')).toBe('orders:90210')
  expect(await choice(page, 'Stream').inputValue()).toBe('orders')
  await page.getByRole('link', {name: 'Message in the inspector'}).click()
  await page.locator('tr.open').waitFor()
  // Back leads through all of them.
  for (const name of [
    'Pipeline',
    'orders',
    'orders',
    HARD_KEYS[0][0],
    'orders',
    'Streams',
    'Overview',
  ]) {
    await page.goBack()
    await title(page, name).waitFor()
  }
})

test('reading begins at the title of the page, also when it was loaded just now', async () => {
  const page = await pages.open('/')
  const focused = () =>
    page.evaluate<string>(
      `document.activeElement.tagName + ' ' + document.activeElement.textContent`,
    )
  await page.getByRole('link', {name: 'Streams'}).click()
  await page.getByText('public.orders').first().waitFor()
  await expect.poll(focused).toBe('H1 Streams')
  await page.getByRole('main').getByRole('link', {name: 'orders'}).click()
  await expect.poll(focused).toBe('H1 orders')
})

test('what is chosen stands in the address, is the same for whoever has it, and Back undoes it', async () => {
  const page = await pages.open(ORDERS)
  await page.getByRole('button', {name: '7 days'}).click()
  await page.getByLabel('Granularity').selectOption('hour')
  await choice(page, 'Metric').selectOption('customers')
  await page.getByLabel('Metric of the most by customer_id').selectOption('revenue')
  const check = async (one: Page) => {
    await one.getByText('7 days, by hour').waitFor()
    await one.getByRole('heading', {name: 'customers'}).waitFor()
    expect(await one.getByLabel('Metric of the most by customer_id').inputValue()).toBe('revenue')
  }
  await check(page)
  await check(await pages.open(`/${new URL(page.url()).search}`))
  await page.goBack()
  await page.goBack()
  await page.getByRole('heading', {name: 'orders', level: 2}).waitFor()
  await page.goBack()
  await page.getByText('7 days, by day').waitFor()
  await page.goBack()
  await page.locator('[aria-pressed="true"]', {hasText: '24 hours'}).waitFor()
})

describe('keys', () => {
  test.each(HARD_KEYS.map(([part], at) => [JSON.stringify(part).slice(0, 40), part, at] as const))(
    'the key %s leads to itself, by a link, by typing and by its address',
    async (_, part, at) => {
      const asked: (string | null)[] = []
      const page = await pages.open(`${ORDERS}&tab=keys&by=customer_id`, {
        async prepare(made) {
          made.on('request', request => {
            const url = new URL(request.url())
            if (url.pathname.endsWith('/metrics')) asked.push(url.searchParams.get('key'))
          })
          await Promise.resolve()
        },
      })
      const text = part === null ? '(none)' : part.startsWith('(') ? `(${part}` : part
      const rows = page.getByRole('table', {name: 'Most by customer_id'}).locator('tbody tr')
      await rows.nth(at).getByRole('link').click()
      await page.getByRole('heading', {name: 'Figures'}).waitFor()
      await page.reload()
      await page.getByRole('heading', {name: 'Figures'}).waitFor()
      expect(await page.getByLabel('customer_id', {exact: true}).inputValue()).toBe(text)
      if (text !== '') {
        await page.getByRole('link', {name: 'All keys'}).click()
        await page.getByLabel('customer_id', {exact: true}).fill(text)
        await page.keyboard.press('Enter')
        await page.getByRole('heading', {name: 'Figures'}).waitFor()
      }
      expect(new Set(asked)).toEqual(new Set([text]))
    },
  )

  test('a key of two columns is typed in two fields', async () => {
    const page = await pages.open(`${ORDERS}&tab=keys&by=region_shop`)
    await page.getByLabel('region', {exact: true}).fill('(none)')
    // What is not filled yet is asked for by the browser.
    await page.keyboard.press('Enter')
    expect(new URL(page.url()).searchParams.get('key')).toBeNull()
    await page.getByLabel('shop', {exact: true}).fill('a, b')
    await page.keyboard.press('Enter')
    await title(page, 'no value · a, b').waitFor()
    expect(new URL(page.url()).searchParams.get('key')).toBe('[null,"a, b"]')
    await page.getByText('Single events are found by customer_id').waitFor()
  })

  test('an address with a key of another rollup says so and shows the keys there are', async () => {
    const page = await pages.open(`${ORDERS}&tab=keys&by=region_shop${keyed('a')}`)
    await page.getByText('The address holds no key of region_shop.').waitFor()
    await page.getByRole('table', {name: 'Most by region_shop'}).waitFor()
  })

  test('another rollup of a hundred is chosen, and all time where it may be', async () => {
    const page = await pages.open('/?view=streams&stream=hostile&tab=keys')
    const rollups = choice(page, 'Counted by')
    await rollups.waitFor()
    expect(await rollups.locator('option').count()).toBe(101)
    await rollups.selectOption({index: 3})
    await page.getByRole('heading', {name: /^Most by by_2_/}).waitFor()
    const asking = page.waitForRequest(request => request.url().includes('period=all'))
    await page.getByRole('button', {name: 'All time'}).click()
    await asking
  })
})

test('only ranges are offered that the rollup can answer', async () => {
  const page = await pages.open(`${ORDERS}&tab=keys&by=region_shop${keyed('a', 'b')}`)
  const ranges = page.getByRole('group', {name: 'Range of time'}).getByRole('button')
  await ranges.first().waitFor()
  expect(await ranges.allInnerTexts()).toEqual(['7 days', '30 days', '90 days', '12 months'])
  await page.getByText('7 days, in UTC').first().waitFor()
})

test('figures keep their digits, a missing one is a dash, and what cannot be drawn is not offered', async () => {
  const page = await pages.open(ORDERS)
  const figure = (name: string) => page.locator(`[data-metric="${name}"]`)
  await figure('revenue').getByText('-12345678901234567.28').waitFor()
  expect(await figure('none').innerText()).toBe('–')
  expect(await figure('average').innerText()).toBe('0.667')
  expect(await figure('first_at').innerText()).toBe('31 Jan 2026, 13:00:00')
  expect(await figure('is_open').innerText()).toBe('yes')
  const offered = choice(page, 'Metric').locator('option')
  expect(await offered.allInnerTexts()).toEqual([
    'orders',
    'revenue',
    'average',
    'customers',
    'none',
  ])
})

test('an axis goes below nothing where figures do', async () => {
  const page = await pages.open(`${ORDERS}&metric=revenue`, {prepare: watchCanvas})
  const {texts} = await drawnOn(page, 'revenue by hour')
  expect(texts.some(text => text.startsWith('-'))).toBe(true)
  expect(texts).toContain('0')
})

test('the list says how much came, and its CSV too', async () => {
  const page = await pages.open('/?view=streams')
  await page.locator('[data-count="orders ever"]').getByText('48.2K').waitFor()
  await page.locator('[data-count="orders 24h"]').getByText('9,642').waitFor()
  const coming = page.waitForEvent('download')
  await page.getByRole('button', {name: 'Save streams as CSV'}).click()
  const text = await readFile(await (await coming).path(), 'utf8')
  const lines = text.trimEnd().split('\r\n')
  expect(lines[3]).toMatch(/^orders,public\.orders,orders,orders,9642,48210,/)
  // Of totals alone no day can be told, and without a whole nothing.
  expect(lines[5]).toMatch(/^totals,public\.totals,totals,orders,,48210,/)
  expect(lines[6]).toMatch(/^hourly,public\.hourly,hourly,orders,9642,48210,/)
  expect(lines[7]).toMatch(/^keyed,public\.keyed,keyed,,,,,/)
})

test.each([
  ['engagement', 'Content'],
  ['activity', 'Users'],
])('the stream %s leads to the page that says more', async (name, other) => {
  const page = await pages.open(`/?view=streams&stream=${name}`)
  await page.getByRole('main').getByRole('link', {name: other, exact: true}).click()
  await title(page, other).waitFor()
})

describe('events', () => {
  test('are filtered by what the API filters by, in UTC, and older ones follow', async () => {
    const page = await pages.open(`${ORDERS}&tab=events`)
    await page.getByLabel('customer_id', {exact: true}).fill('((none)')
    await page.getByLabel('From').fill('2026-11-28T20:10')
    await page.getByLabel('Until').fill('2026-11-29T20:10')
    const asking = page.waitForRequest(/\/events\?/)
    await page.getByRole('button', {name: 'Find'}).click()
    const {searchParams} = new URL((await asking).url())
    expect(Object.fromEntries(searchParams)).toEqual({
      key: '((none)',
      from: '2026-11-28T19:10:00Z',
      to: '2026-11-29T19:10:00Z',
      limit: '50',
    })
    // What is over is not asked for again, nor can it be paused.
    expect(await page.locator('[data-paused]').count()).toBe(0)
    await page.getByRole('link', {name: 'Older'}).click()
    await page.getByRole('button', {name: 'Event 90160'}).waitFor()
    expect(new URL(page.url()).searchParams.get('cursor')).toBe('1')
  })

  test('open by the keyboard with all of their columns, as they are written', async () => {
    const page = await pages.open(EVENTS)
    const opener = page.getByRole('button', {name: 'Event 90210'})
    await opener.focus()
    await page.keyboard.press('Enter')
    const column = (name: string) => page.locator(`[data-column=${JSON.stringify(name)}]`)
    await column('amount').getByText('1000.10').waitFor()
    expect(await page.locator('[data-column]').count()).toBe(9)
    expect(await column('enriched_region').innerText()).toBe('–')
    expect(await column('lines').innerText()).toContain(HOSTILE.emoji)
    expect(await askOf<boolean>(opener, 'one => document.activeElement === one')).toBe(true)
    await page.keyboard.press('Enter')
    await page.locator('tr.open').waitFor({state: 'detached'})
  })

  test('one that is none of those that show has an address, also with a slash in its id', async () => {
    const page = await pages.open(`${EVENTS}&open=${encodeURIComponent('a/b:c d')}`)
    await page.locator('tr.open').waitFor()
    expect(await page.locator('.expander[aria-expanded="true"]').innerText()).toContain('a/b:c d')
    await page.getByRole('link', {name: 'Trace this event'}).click()
    await page.getByText('its slot was rotated').waitFor()
    expect(await page.getByLabel('Event id').inputValue()).toBe('a/b:c d')
    const gone = await pages.open(`${EVENTS}&open=gone`)
    await gone.getByText('there is nothing at /v1/streams/orders/events/gone').waitFor()
  })

  test('lead to the messages of their key', async () => {
    const page = await pages.open(`${EVENTS}&open=90210`)
    await page.getByRole('link', {name: 'Messages of its key'}).click()
    await title(page, 'orders').waitFor()
    expect(await page.getByLabel('Key').inputValue()).toBe('a/b')
  })
})

test('any declared stream can be traced, and one that is not listed stays chosen', async () => {
  const page = await pages.open('/?view=pipeline')
  const streams = choice(page, 'Stream')
  await streams.selectOption('totals')
  await page.getByLabel('Event id').fill('activity:9')
  await page.getByRole('button', {name: 'Trace', exact: true}).click()
  await page.getByText('its slot was rotated').waitFor()
  expect(new URL(page.url()).searchParams.get('trace')).toBe('activity:9')
  await streams.selectOption('orders')
  await expect.poll(() => new URL(page.url()).searchParams.get('trace')).toBe('orders:9')
  const other = await pages.open('/?view=pipeline&trace=content:7')
  await other.getByText('its slot was rotated').waitFor()
  expect(await choice(other, 'Stream').inputValue()).toBe('content')
})

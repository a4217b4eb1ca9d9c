/** What is where, how large, and whose: in a browser, with invented figures. */
import {readFile} from 'node:fs/promises'
import type {Locator, Page} from 'playwright-core'
import {describe, expect, test} from 'vitest'
import {pipeline} from './pages-figures-pipeline.ts'
import {askOf, askOfAll, LOOKS, PHONE, useFakePages} from './pages-fake-world.ts'
import {SCHEMES} from './pages-world.ts'

const pages = useFakePages()
const ONE = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-1111-4111-8111-111111111111'
const LONG = '44444444-1111-4111-8111-111111111111'

const isInSight = (element: Locator): Promise<boolean> =>
  askOf<boolean>(
    element,
    `one => {
    const {top, bottom, left, right} = one.getBoundingClientRect()
    return top >= 0 && bottom <= innerHeight && left >= -1 && right <= innerWidth + 1
  }`,
  )

test.each(LOOKS)('an event that is traced is in sight, $name and $scheme', async look => {
  const page = await pages.open(`/?view=content&id=${ONE}`, {look})
  await page.getByRole('link', {name: '90210'}).click()
  const heading = page.getByRole('heading', {name: 'Trace an event'})
  await page.getByText('its slot was rotated').waitFor()
  await page.getByRole('heading', {name: 'Lanes'}).waitFor()
  expect(await isInSight(heading)).toBe(true)
  expect(await askOf<boolean>(heading, 'one => document.activeElement === one')).toBe(true)
})

describe('the stages of the pipeline', () => {
  const quiet = {...pipeline, lag_records: 0, partitions: []}
  const none = {...pipeline.dead_letters, outbox: 0, topics: 0}
  const answer = (page: Page, json: unknown) =>
    page.route('**/v1/admin/pipeline', route => route.fulfill({json}))
  const heights = (page: Page): Promise<readonly number[]> =>
    askOfAll<readonly number[]>(
      page.locator('.stage'),
      'all => all.map(one => Math.round(one.getBoundingClientRect().height))',
    )

  test.each(LOOKS)('keep their height whatever they say, $name and $scheme', async look => {
    const page = await pages.open('/?view=pipeline', {
      look,
      prepare: made => answer(made, {...quiet, dead_letters: none}),
    })
    const most = page.locator('[data-stage="Processor"] dd').first()
    await most.getByText('none').waitFor()
    const before = await heights(page)
    await page.unroute('**/v1/admin/pipeline')
    await answer(page, {...pipeline, lag_records: 123_456_789})
    await most.getByText('2,300 in engagement_events 4').waitFor()
    expect(await heights(page)).toEqual(before)
  })

  test('dead letters need a look, which is not being behind, and only while they are open', async () => {
    const page = await pages.open('/?view=pipeline', {
      prepare: made => answer(made, {...quiet, services: []}),
    })
    const stores = page.locator('[data-stage="Stores"]')
    await stores.getByText('Needs a look').waitFor()
    await page.unroute('**/v1/admin/pipeline')
    await answer(page, {...quiet, dead_letters: none})
    await stores.getByText('Keeping up').waitFor()
  })
})

test('the types of a day add up to all of it', async () => {
  const page = await pages.open('/?view=users&user=u1', {
    prepare: made =>
      made.route('**/days', route =>
        route.fulfill({
          json: {
            items: ['a', 'b', 'c', 'd', 'e'].map((activity_type, i) => {
              return {day: '2026-11-28', activity_type, count: 5 - i}
            }),
          },
        }),
      ),
  })
  const table = page.getByRole('table', {name: 'Counts per day and type'})
  await table.waitFor()
  expect(await table.locator('thead th').allInnerTexts()).toEqual([
    'Day',
    'a',
    'b',
    'c',
    '2 other',
    'All',
  ])
  const [day, ...counts] = await table.locator('tbody td').allInnerTexts()
  const numbers = counts.map(Number)
  expect(day).toBe('2026-11-28')
  expect(numbers.slice(0, -1).reduce((a, b) => a + b)).toBe(numbers.at(-1))
})

test.each(SCHEMES)('the ring of a link in a bar is whole, %s', async scheme => {
  const page = await pages.open('/', {look: {scheme, width: 1440}})
  const link = page.locator('.bar-cell a').nth(1)
  await link.waitFor()
  await page.keyboard.press('Tab')
  await link.focus()
  const ring = await askOf<{readonly style: string; readonly reach: number}>(
    link,
    `one => {
    const {outlineOffset, outlineWidth, outlineStyle} = getComputedStyle(one)
    return {style: outlineStyle, reach: parseFloat(outlineOffset) + parseFloat(outlineWidth)}
  }`,
  )
  expect(ring.style).not.toBe('none')
  // Nothing of it lies outside, where what holds the link would cut it.
  expect(ring.reach).toBeLessThanOrEqual(0)
})

test('a comparison says whose each table is', async () => {
  const page = await pages.open(`/?view=content&id=${ONE}&compare=${OTHER}`)
  for (const name of ['Event types', 'Devices']) {
    const table = page.getByRole('table', {name: new RegExp(`^${name} of Daily News.* and Deep`)})
    await table.waitFor()
    const titles = await table.locator('thead th').allInnerTexts()
    expect(titles.some(text => text.startsWith('Daily News'))).toBe(true)
    expect(titles.some(text => text.startsWith('Deep Dive'))).toBe(true)
    const over = await askOf<number>(
      table.locator('..'),
      'one => one.scrollWidth - one.clientWidth',
    )
    expect(over, name).toBe(0)
  }
  await page.getByRole('table', {name: /^Latest events of Daily News/}).waitFor()
  const percentiles = page.getByRole('table', {name: 'Percentiles of engagement time'})
  expect(await percentiles.locator('thead').innerText()).toMatch(/Daily News.*Deep Dive/s)
  const totals = page.getByLabel('Totals of Daily News – Episode 1')
  expect(await totals.innerText()).toMatch(/Daily News[^]*Deep Dive/)
})

test('the CSV of all contents has all of them, from every page', async () => {
  const page = await pages.open('/?view=content', {
    prepare: made =>
      made.route('**/v1/content?*', route => {
        const query = new URL(route.request().url()).searchParams
        const [from, limit] = [Number(query.get('cursor') ?? 0), Number(query.get('limit'))]
        const items = Array.from({length: Math.min(limit, 1234 - from)}, (_, i) => ({
          id: ONE,
          slug: `slug-${from + i}`,
          title: `Title ${from + i}`,
          content_type: 'video',
          length_seconds: 60,
          publish_ts: '2026-11-01T08:00:00Z',
        }))
        const next = from + items.length
        const cursor = next < 1234 ? String(next) : null
        return route.fulfill({json: {items, page: {limit, next_cursor: cursor}}})
      }),
  })
  await page.getByText('Title 49').waitFor()
  const coming = page.waitForEvent('download')
  await page.getByRole('button', {name: 'Save content as CSV'}).click()
  const text = await readFile(await (await coming).path(), 'utf8')
  expect(text.trimEnd().split('\r\n')).toHaveLength(1235)
  expect(text).toContain('slug-1233')
  // Part of them is not all of them.
  await page.route('**/v1/content?*', route => route.abort())
  await page.getByRole('button', {name: 'Save content as CSV'}).click()
  await page.getByText('not saved: the server does not answer').waitFor()
})

test.each([
  ['/?view=pipeline&trace=engagement:7', ['lanes', 'services', 'servers', 'trace-engagement-7']],
  ['/?view=inspector&tab=schemas&subject=content-value', ['subjects', 'content-value']],
])('what is shown at %s can be saved, too', async (path, names) => {
  const page = await pages.open(path)
  for (const name of names) {
    const button = page.getByRole('button', {name: `Save ${name} as CSV`})
    await button.waitFor()
    // A quiet sign, not one word more on every card.
    expect(await button.innerText()).toBe('')
    const coming = page.waitForEvent('download')
    await button.click()
    expect((await coming).suggestedFilename()).toBe(`${name}.csv`)
  }
})

test.each(LOOKS)('what is chosen stands out, $name and $scheme', async look => {
  const page = await pages.open(`/?view=content&id=${ONE}&range=7d`, {look})
  const light = (element: Locator): Promise<number> =>
    askOf<number>(
      element,
      `one => {
      const [r, g, b] = getComputedStyle(one).backgroundColor.match(/[0-9.]+/g).map(Number)
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }`,
    )
  const chosen = page.locator('.choice [aria-pressed="true"]').first()
  await chosen.waitFor()
  expect(await light(chosen)).toBeGreaterThan(await light(page.locator('.choice').first()))
  expect(await askOf<string>(chosen, 'one => getComputedStyle(one).boxShadow')).not.toBe('none')
})

describe('on a phone', () => {
  test.each([
    [`/?view=content&id=${ONE}&range=12mo`, '.choice [aria-pressed="true"]'],
    ['/?view=inspector&tab=dead-letters', '.tabs [aria-current="page"]'],
    ['/?view=inspector&topic=content&tab=config', '.tabs [aria-current="page"]'],
  ])('what is chosen at %s is in sight', async (path, selector) => {
    const page = await pages.open(path, {look: PHONE})
    const chosen = page.locator(selector).first()
    await chosen.waitFor()
    const sides = () =>
      askOf<boolean>(
        chosen,
        `one => {
        const {left, right} = one.getBoundingClientRect()
        const room = one.parentElement.getBoundingClientRect()
        return left >= room.left - 1 && right <= room.right + 1
      }`,
      )
    await expect.poll(sides).toBe(true)
    expect(await page.evaluate('scrollY')).toBe(0)
  })

  test('a title has two lines before it is cut, and one without an end does not fill the screen', async () => {
    const page = await pages.open('/?view=content', {look: PHONE})
    const lines = (element: Locator): Promise<number> =>
      askOf<number>(
        element,
        `one => {
        const {lineHeight} = getComputedStyle(one)
        return Math.round(one.getBoundingClientRect().height / parseFloat(lineHeight))
      }`,
      )
    const long = page.locator('a.name').nth(3)
    await long.waitFor()
    expect(await lines(long)).toBe(2)
    const short = page.getByRole('link', {name: 'Daily News – Episode 1'})
    expect(await askOf<boolean>(short, 'one => one.scrollWidth <= one.clientWidth')).toBe(true)
    await page.goto(`${pages.url}/?view=content&id=${LONG}`)
    await page.getByRole('heading', {level: 1, name: /A title without an end/}).waitFor()
    expect(await lines(page.locator('h1 .clamp'))).toBe(2)
  })

  test.each([
    '/',
    '/?view=content',
    `/?view=content&id=${ONE}`,
    '/?view=users',
    '/?view=pipeline',
    '/?view=inspector',
    '/?view=inspector&topic=engagement_events',
    '/?view=inspector&tab=dead-letters',
  ])('everything at %s that can be touched is 24 pixels high and wide', async path => {
    const page = await pages.open(path, {look: PHONE})
    await page.locator('main td, main .stage').first().waitFor()
    const small = await page.evaluate<readonly string[]>(`
      [...document.querySelectorAll('a, button, select, input, summary')]
        .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.matches('.skip'))
        .map(one => [one, one.getBoundingClientRect()])
        .filter(([, {width, height}]) => width > 0 && (width < 23.5 || height < 23.5))
        .map(([one, {width, height}]) => one.outerHTML.slice(0, 90) + ' ' + width + ' × ' + height)`)
    expect(small).toEqual([])
  })

  test('why a letter is dead stands beside it', async () => {
    const page = await pages.open('/?view=inspector&tab=dead-letters', {look: PHONE})
    const reason = page
      .getByRole('table', {name: 'Dead letters', exact: true})
      .getByText('RULE_BROKEN')
    await reason.waitFor()
    const {x, width} = (await reason.boundingBox())!
    expect(x + width).toBeLessThanOrEqual(390)
  })
})

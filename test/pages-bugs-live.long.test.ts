/** Lists that fill by themselves, and what a page says when nothing comes. */
import type {Page} from 'playwright-core'
import {describe, expect, test} from 'vitest'
import {messages} from './pages-figures-pipeline.ts'
import {LOOKS, PHONE, useFakePages} from './pages-fake-world.ts'
import {waitForLive} from './pages-world.ts'

const pages = useFakePages()
const ONE = '11111111-1111-4111-8111-111111111111'
const NOBODY = '99999999-0000-4000-8000-000000000000'
const TOPIC = '/?view=inspector&topic=engagement_events'

/** Ten records more at each look: all of the list is another one after five. */
async function keepPublishing(page: Page): Promise<{readonly newest: () => number}> {
  let newest = 10_000
  await page.route('**/messages?*', route => {
    const query = new URL(route.request().url()).searchParams
    if (query.has('offset')) {
      const offset = Number(query.get('offset'))
      return route.fulfill({json: answer([{...messages[0], partition: 0, offset}])})
    }
    newest += 10
    const items = Array.from({length: 50}, (_, i) => ({
      ...messages[0],
      partition: 0,
      offset: newest - i,
    }))
    return route.fulfill({json: answer(items)})
  })
  return {newest: () => newest}
}
const answer = (items: readonly unknown[]) => ({
  items,
  partitions: [{partition: 0, begin: 0, end: 20_000}],
  incomplete: false,
})

const pauseButton = (page: Page) => page.locator('[data-paused]')

test.each(LOOKS)('an open record stays while records pour in, $name and $scheme', async look => {
  let published = {newest: () => 0}
  const page = await pages.open(TOPIC, {
    look,
    async prepare(made) {
      published = await keepPublishing(made)
    },
  })
  await waitForLive(page)
  const opener = page.locator('.expander').first()
  await opener.click()
  await page.locator('tr.open').waitFor()
  const open = new URL(page.url()).searchParams.get('open')!
  const place = page.locator('.expander[aria-expanded="true"]')
  const opened = await place.innerText()
  const before = published.newest()
  await expect.poll(() => published.newest() - before, {timeout: 15_000}).toBeGreaterThan(100)
  expect(await place.innerText()).toBe(opened)
  // What came meanwhile is counted, and comes when it is asked for; the record stays.
  await expect.poll(() => pauseButton(page).innerText()).toMatch(/^\d+ new/)
  await pauseButton(page).click()
  await expect
    .poll(async () => {
      const offsets = await page.locator('.expander').allInnerTexts()
      return Math.max(...offsets.map(text => Number(text.split('/')[1])))
    })
    .toBeGreaterThan(before + 100)
  expect(await place.innerText()).toBe(opened)
  // So it does for whoever gets the link.
  await page.reload()
  await page.locator('tr.open').waitFor()
  expect(await place.innerText()).toBe(opened)
  expect(new URL(page.url()).searchParams.get('open')).toBe(open)
})

test('a link to a record shows it although it is none of those that show', async () => {
  const page = await pages.open(`${TOPIC}&order=newest&open=0-17`, {prepare: keepPublishing})
  await page.locator('tr.open').waitFor()
  expect(await page.locator('.expander[aria-expanded="true"]').innerText()).toContain('0 / 17')
  const gone = await pages.open(`${TOPIC}&order=newest&open=5-1`)
  await gone.getByText('The record 5-1 is not in this topic, or no longer.').waitFor()
})

test('the list of activity holds still under the pointer, and goes on by its button', async () => {
  const page = await pages.open('/?view=users')
  const rows = page.getByRole('table', {name: 'Activity right now'}).locator('tbody tr')
  await rows.first().hover()
  const first = await rows.first().innerText()
  await pauseButton(page).getByText('2 new').waitFor()
  expect(await rows.first().innerText()).toBe(first)
  await pauseButton(page).click()
  await expect.poll(() => rows.first().innerText()).not.toBe(first)
  await pauseButton(page).getByText('Pause').waitFor()
})

test('the list of activity is stopped by its button on a phone, where nothing hovers', async () => {
  const page = await pages.open('/?view=users', {look: PHONE})
  const rows = page.getByRole('table', {name: 'Activity right now'}).locator('tbody tr')
  await rows.first().waitFor()
  await pauseButton(page).click()
  const first = await rows.first().innerText()
  await pauseButton(page).getByText('2 new').waitFor()
  expect(await rows.first().innerText()).toBe(first)
})

test('latest events hold still while one of them has the focus', async () => {
  let newest = 90_210
  const page = await pages.open(`/?view=content&id=${ONE}`, {
    prepare: made =>
      made.route('**/events?*', async route => {
        const given = (await (await route.fetch()).json()) as {items: {event_id: number}[]}
        newest += 3
        const items = given.items.map((item, i) => ({...item, event_id: newest - i}))
        await route.fulfill({json: {...given, items}})
      }),
  })
  const link = page.getByRole('table', {name: 'Latest events'}).locator('tbody a').first()
  await link.focus()
  const first = await link.innerText()
  await pauseButton(page).getByText('3 new').waitFor({timeout: 15_000})
  expect(await link.innerText()).toBe(first)
})

describe('a server that refuses says why', () => {
  test.each([
    ['overview', '/'],
    ['users', '/?view=users'],
    ['all contents', '/?view=content'],
    ['one content', `/?view=content&id=${ONE}`],
    ['one user', '/?view=users&user=u1'],
    ['pipeline', '/?view=pipeline'],
    ['messages', TOPIC],
  ])('%s', async (_, path) => {
    const page = await pages.open(path, {
      prepare: made =>
        made.route('**/v1/**', route =>
          route.fulfill({
            status: 503,
            contentType: 'application/problem+json',
            body: JSON.stringify({
              title: 'A store that is needed does not answer',
              detail: 'Redis does not answer now',
            }),
          }),
        ),
    })
    await page.getByText('Redis does not answer now').first().waitFor()
    expect(await page.getByText('Nothing yet').count()).toBe(0)
    await page.unroute('**/v1/**')
    // INV-91: it comes by itself.
    await page.getByText('Redis does not answer now').first().waitFor({state: 'detached'})
  })
})

test.each([
  ['that does not exist', NOBODY, 1],
  ['that no content could have', '42', 0],
])('an id %s is told once, and not asked for again', async (_, id, asked) => {
  const urls: string[] = []
  const page = await pages.open(`/?view=content&id=${id}`, {
    async prepare(made) {
      await made.clock.install()
      made.on('request', request => {
        if (request.url().includes(`/content/${id}`)) urls.push(request.url())
      })
    },
  })
  await page.getByText('There is no content with this id').waitFor()
  await page.clock.runFor(60_000)
  expect(await page.locator('[data-live]').count()).toBe(0)
  expect(await page.getByText('That did not work').count()).toBe(0)
  expect(urls.filter(url => url.includes('/v1/'))).toHaveLength(asked)
})

/** Addresses, the Back button, titles, and where reading begins. */
import type {Page} from 'playwright-core'
import {expect, test} from 'vitest'
import {LOOKS, PHONE, useFakePages} from './pages-fake-world.ts'

const pages = useFakePages()
const ONE = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-1111-4111-8111-111111111111'
const UNTITLED = '88888888-1111-4111-8111-111111111111'

const title = (page: Page, name: string | RegExp) => page.getByRole('heading', {level: 1, name})
const focused = (page: Page): Promise<string> =>
  page.evaluate<string>(
    `document.activeElement.tagName + ' ' + document.activeElement.textContent.trim()`,
  )

test('Back undoes what was chosen, one after the other', async () => {
  const page = await pages.open('/?view=content')
  await page.getByRole('link', {name: 'Daily News'}).click()
  await title(page, /Daily News/).waitFor()
  await page.getByRole('combobox', {name: 'Content', exact: true}).fill('Deep')
  await page.getByRole('option', {name: /Deep Dive/}).click()
  await title(page, /Deep Dive/).waitFor()
  await page.getByRole('button', {name: '7 days'}).click()
  await page.getByLabel('Metric').selectOption('clicks')
  await page.getByRole('heading', {name: 'Clicks'}).waitFor()

  await page.goBack()
  await page.getByRole('heading', {name: 'Plays'}).waitFor()
  expect(new URL(page.url()).searchParams.get('range')).toBe('7d')
  await page.goBack()
  expect(await page.getByRole('button', {name: '24 hours'}).getAttribute('aria-pressed')).toBe(
    'true',
  )
  await title(page, /Deep Dive/).waitFor()
  await page.goBack()
  await title(page, /Daily News/).waitFor()
  await page.goBack()
  await title(page, 'Content').waitFor()
})

test('Back undoes a search, a tab and an open record', async () => {
  const page = await pages.open('/?view=content')
  await page.getByLabel('Title or slug').fill('Deep')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', {name: 'Found for “Deep”'}).waitFor()
  await page.goBack()
  await page.getByRole('heading', {name: 'All content, newest first'}).waitFor()

  await page.goto(`${pages.url}/?view=inspector&topic=engagement_events&order=newest`)
  await page.locator('.expander').first().click()
  await page.locator('tr.open').waitFor()
  await page.getByRole('link', {name: 'Configuration'}).click()
  await page.getByText('cleanup.policy').waitFor()
  await page.goBack()
  await page.locator('tr.open').waitFor()
  await page.goBack()
  await page.locator('tr.open').waitFor({state: 'detached'})
})

test('a time in an address is the same in every zone', async () => {
  const asked: string[] = []
  const open = (path: string, zone: string) =>
    pages.open(path, {
      look: {scheme: 'light', width: 1440, zone},
      async prepare(made) {
        made.on('request', request => {
          const {pathname, searchParams} = new URL(request.url())
          const since = searchParams.get('since')
          if (pathname.startsWith('/v1/') && since !== null) asked.push(since)
        })
        await Promise.resolve()
      },
    })
  const page = await open('/?view=inspector&topic=engagement_events', 'Europe/Berlin')
  await page.getByLabel('From time').fill('2026-11-28T20:10')
  await page.getByRole('button', {name: 'Find'}).click()
  await expect.poll(() => asked).toEqual(['2026-11-28T19:10:00Z'])
  expect(new URL(page.url()).searchParams.get('since')).toBe('2026-11-28T19:10:00Z')
  const {search} = new URL(page.url())
  const other = await open(`/${search}`, 'Asia/Kolkata')
  await expect.poll(() => asked).toEqual(['2026-11-28T19:10:00Z', '2026-11-28T19:10:00Z'])
  expect(await other.getByLabel('From time').inputValue()).toBe('2026-11-29T00:40')
})

test.each([
  [`/?view=content&id=${ONE}`, /^Daily News – Episode 1 · Content · /],
  [`/?view=content&id=${OTHER}`, /^Deep Dive: Databases · Content · /],
  [`/?view=content&id=${UNTITLED}`, /^content-8 · Content · /],
  ['/?view=content&q=Deep', /^Content · “Deep” · /],
  ['/?view=inspector&topic=user_activity', /^user_activity · Messages · /],
  ['/?view=inspector&topic=content&tab=config', /^content · Configuration · /],
  ['/?view=inspector&tab=dead-letters', /^Inspector · Dead letters · /],
  ['/?view=users&user=u1', /^u1 · Users · /],
  ['/?view=pipeline', /^Pipeline · /],
  ['/', /^Overview · /],
  ['/nothing', /^There is nothing here · /],
])('the tab of %s is called by what it shows', async (path, name) => {
  const page = await pages.open(path)
  await expect.poll(() => page.title()).toMatch(name)
})

test.each(LOOKS)('a content without a title can be opened, $name and $scheme', async look => {
  const page = await pages.open('/?view=content', {look})
  await page.getByRole('link', {name: 'content-8'}).click()
  await title(page, /content-8/).waitFor()
})

test.each(LOOKS)(
  'an address that is none leads to those that are, $name and $scheme',
  async look => {
    const page = await pages.open('/content', {look})
    await page.getByText('No page has the address /content').waitFor()
    await page.getByRole('main').getByRole('link', {name: 'content'}).click()
    await page.getByText('Deep Dive: Databases').waitFor()
    expect(new URL(page.url()).pathname).toBe('/')
  },
)

test('after a change of page, reading begins at its title', async () => {
  const page = await pages.open('/')
  await page.getByRole('link', {name: 'Daily News'}).click()
  await expect.poll(() => focused(page)).toMatch(/^H1 Daily News/)
  await page.getByRole('link', {name: 'Users'}).click()
  await expect.poll(() => focused(page)).toBe('H1 Users')
  await page.goBack()
  await expect.poll(() => focused(page)).toMatch(/^H1 Daily News/)
  // Another look at the same page leaves the focus where it is.
  await page.getByRole('button', {name: '7 days'}).click()
  expect(await focused(page)).toBe('BUTTON 7 days')
})

test('the first stop of the keyboard skips the way to the other pages', async () => {
  const page = await pages.open('/?view=users')
  await page.getByLabel('User id').waitFor()
  await page.keyboard.press('Tab')
  expect(await focused(page)).toBe('A Skip to the page')
  await page.keyboard.press('Enter')
  expect(await page.evaluate('document.activeElement.tagName')).toBe('MAIN')
  await page.keyboard.press('Tab')
  expect(
    await page.evaluate(`document.querySelector('main').contains(document.activeElement)`),
  ).toBe(true)
  expect(new URL(page.url()).hash).toBe('')
})

test.each([
  ['in the side bar', undefined],
  ['at the foot of a phone', PHONE],
])('the way to the API stands %s', async (_, look) => {
  const page = await pages.open('/', look === undefined ? {} : {look})
  const link = page.locator('a[href="/docs"]:visible')
  await link.waitFor()
  expect(await link.count()).toBe(1)
})

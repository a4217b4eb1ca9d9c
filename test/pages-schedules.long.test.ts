/** The page of what runs by itself: empty, failing, running, paused; its buttons, by hand and by keyboard. */
import type {Page, Route} from 'playwright-core'
import {expect, test} from 'vitest'
import {useFakePages} from './pages-fake-world.ts'
import {jobRun, schedules} from './pages-figures-schedules.ts'

const pages = useFakePages()

/** The row of a job. */
const rowOf = (page: Page, job: string) =>
  page.getByRole('row').filter({has: page.getByRole('link', {name: job, exact: true})})

test('each job stands by its state, with what it waits for', async () => {
  const page = await pages.open('/?view=schedules')
  const states = {
    'fetch-users': 'failing',
    follows: 'not run yet',
    report: 'paused',
    reconcile: 'running',
  }
  for (const [job, word] of Object.entries(states)) {
    await rowOf(page, job).getByText(word, {exact: true}).waitFor()
  }
  await rowOf(page, 'follows').getByText('after fetch-users, reconcile').waitFor()
  await rowOf(page, 'import').getByText('WORKER_SOMETHING is not set').waitFor()
  expect(await rowOf(page, 'import').getByRole('button').count()).toBe(0)
  // One that runs cannot be run a second time.
  expect(await page.getByRole('button', {name: 'Run now: reconcile'}).isDisabled()).toBe(true)
  const recent = rowOf(page, 'fetch-users').getByRole('img')
  expect(await recent.getAttribute('aria-label')).toMatch(/^succeeded, .*, failed$/)
})

test('without any job the page says where they come from', async () => {
  const page = await pages.open('/?view=schedules', {
    prepare: made =>
      made.route('**/v1/admin/schedules', route => route.fulfill({json: {items: []}})),
  })
  await page.getByText('Nothing runs by itself yet').waitFor()
})

test('a job is run, paused and taken up again by keyboard, and the page says what came of it', async () => {
  const asked: string[] = []
  const page = await pages.open('/?view=schedules')
  await page.route('**/v1/admin/schedules/**', async (route: Route) => {
    const request = route.request()
    if (request.method() === 'POST') asked.push(new URL(request.url()).pathname)
    await route.continue()
  })
  for (const name of ['Run now: fetch-users', 'Pause: fetch-users', 'Resume: report']) {
    await page.getByRole('button', {name, exact: true}).focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => asked.length).toBeGreaterThan(0)
    await page
      .getByRole('status')
      .filter({hasText: name.split(': ')[1]!})
      .waitFor()
  }
  expect(asked).toEqual([
    '/v1/admin/schedules/fetch-users/run',
    '/v1/admin/schedules/fetch-users/pause',
    '/v1/admin/schedules/report/resume',
  ])
})

test('a run that is refused says why', async () => {
  const page = await pages.open('/?view=schedules', {
    prepare: made =>
      made.route('**/run', route =>
        route.fulfill({
          status: 409,
          contentType: 'application/problem+json',
          body: JSON.stringify({
            title: 'This contradicts what is stored',
            detail: 'job fetch-users has a run that has not ended',
          }),
        }),
      ),
  })
  await page.getByRole('button', {name: 'Run now: fetch-users'}).click()
  await page.getByText('job fetch-users has a run that has not ended').waitFor()
})

test('a job leads to its runs; one that is opened says how each of its tries failed', async () => {
  const page = await pages.open('/?view=schedules')
  await page.getByRole('link', {name: 'fetch-users', exact: true}).click()
  await page.getByRole('heading', {level: 1, name: 'fetch-users'}).waitFor()
  const runs = page.getByRole('table', {name: 'Runs'})
  await runs.getByRole('button').first().click()
  await page.getByText('the server was away').waitFor()
  expect(new URL(page.url()).search).toContain('open=41')
  await page.getByRole('link', {name: 'Older runs'}).click()
  await runs.getByRole('button').first().waitFor()
  await page.getByRole('link', {name: 'Older runs'}).waitFor({state: 'detached'})
  await page.getByRole('link', {name: 'All schedules'}).click()
  await rowOf(page, 'reconcile').waitFor()
})

test('a run that comes to its end is shown without being asked for', async () => {
  let state: 'running' | 'succeeded' = 'running'
  const page = await pages.open('/?view=schedules', {
    prepare: made =>
      made.route('**/v1/admin/schedules', route =>
        route.fulfill({
          json: {
            items: schedules
              .filter(({job}) => job === 'reconcile')
              .map(one => ({...one, latest: [jobRun('reconcile', 41, state, 1)]})),
          },
        }),
      ),
  })
  await rowOf(page, 'reconcile').getByText('running', {exact: true}).waitFor()
  state = 'succeeded'
  await rowOf(page, 'reconcile').getByText('succeeded', {exact: true}).waitFor()
})

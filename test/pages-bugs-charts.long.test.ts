/** Charts that could be misread, in a browser, with invented figures. */
import type {Page} from 'playwright-core'
import {describe, expect, test} from 'vitest'
import {metrics} from './pages-figures.ts'
import {askOfAll, drawnOn, LOOKS, useFakePages, watchCanvas} from './pages-fake-world.ts'

const pages = useFakePages()
const ONE = '11111111-1111-4111-8111-111111111111'
const HOUR = 3_600_000

/** A series of hours up to the present one, whose metrics are what is given. */
async function answerSeries(
  page: Page,
  of: (n: number) => Partial<ReturnType<typeof metrics>>,
): Promise<void> {
  await page.route('**/timeseries?*', route => {
    const end = Math.ceil(Date.now() / HOUR) * HOUR
    const buckets = Array.from({length: 24}, (_, n) => ({
      start: new Date(end - (24 - n) * HOUR).toISOString(),
      end: new Date(end - (23 - n) * HOUR).toISOString(),
      metrics: {...metrics(0), ...of(n)},
    }))
    return route.fulfill({json: {granularity: 'hour', buckets}})
  })
}

const marksOf = ({texts}: {readonly texts: readonly string[]}, form: RegExp): readonly string[] =>
  texts.filter(text => form.test(text))

describe.each(LOOKS)('$name and $scheme', look => {
  test.each([
    [0, ['0', '1']],
    [1, ['0', '1']],
    [4, ['0', '1', '2', '3', '4']],
  ])('an axis of at most %d plays says each whole number once', async (most, marks) => {
    const page = await pages.open(`/?view=content&id=${ONE}`, {
      look,
      async prepare(made) {
        await watchCanvas(made)
        await answerSeries(made, n => ({plays: n % (most + 1)}))
      },
    })
    expect(marksOf(await drawnOn(page, 'Plays by hour'), /^\d+$/)).toEqual(marks)
  })

  test('an axis of time steps by hours, not by what divides by ten', async () => {
    const page = await pages.open(`/?view=content&id=${ONE}&metric=engagement_seconds`, {
      look,
      async prepare(made) {
        await watchCanvas(made)
        await answerSeries(made, n => ({engagement_seconds: n * 6500}))
      },
    })
    const drawn = await drawnOn(page, 'Engagement time by hour')
    expect(marksOf(drawn, /\d [smhd]$/)).toEqual(['0 h', '12 h', '24 h', '36 h', '48 h'])
  })
})

test('the bucket that still runs is dashed, and its tip says that it does', async () => {
  const page = await pages.open(`/?view=content&id=${ONE}`, {prepare: watchCanvas})
  const {dashes} = await drawnOn(page, 'Plays by hour')
  expect(dashes.some(dash => /^2(\.\d+)? 3/.test(dash) || dash === '2 3')).toBe(true)
  const chart = page.getByRole('group', {name: /^Plays by hour/})
  await chart.focus()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowRight')
  await chart.getByText('so far').waitFor()
  await page.keyboard.press('ArrowLeft')
  await chart.getByText('so far').waitFor({state: 'detached'})
})

test('the tip of a month names the month', async () => {
  const page = await pages.open(`/?view=content&id=${ONE}&range=12mo`)
  const chart = page.getByRole('group', {name: /^Plays by month/})
  await chart.focus()
  await page.keyboard.press('ArrowLeft')
  const tip = await chart.locator('.chart-read > b').first().innerText()
  expect(tip).toMatch(/^[A-Z][a-z]+ 20\d\d(, so far)?$/)
})

test('the two times of a tip are named', async () => {
  const page = await pages.open('/')
  const chart = page.getByRole('group', {name: /^Commit to visible/})
  await chart.focus()
  await page.keyboard.press('ArrowLeft')
  const tip = await chart.locator('.small-read').innerText()
  expect(tip).toMatch(/p99\s+\d+ ms/)
  expect(tip).toMatch(/p50\s+\d+ ms/)
})

test('small charts begin at the same place, and say their largest value and how far they go back', async () => {
  const page = await pages.open('/')
  const charts = page.locator('.span-3 .small-chart')
  await charts.locator('.u-over').nth(3).waitFor()
  const places = await askOfAll<readonly number[]>(
    charts,
    `all => {
    const left = element => element.getBoundingClientRect().left
    return all.map(one => Math.round(left(one.querySelector('.u-over')) - left(one.closest('.card'))))
  }`,
  )
  expect(places).toHaveLength(4)
  expect(new Set(places).size).toBe(1)
  for (const text of await charts.locator('.small-scale').allInnerTexts()) {
    expect(text).toMatch(/max \d/)
    expect(text).toContain('30 min')
  }
})

test('retention has minutes on its axis, and its top mark is not below the curve', async () => {
  const page = await pages.open(`/?view=content&id=${ONE}`, {prepare: watchCanvas})
  const drawn = await drawnOn(page, 'Retention')
  expect(marksOf(drawn, /^\d+:\d\d$/)).toEqual(['0:00', '7:30', '15:00', '22:30', '30:00'])
  const tops = marksOf(drawn, /^\d+%$/).map(text => Number.parseInt(text, 10))
  expect(Math.max(...tops)).toBeGreaterThanOrEqual(100)
  await page.getByText('approximation: counted as watched from the start').waitFor()
})

test('where there is no curve, nothing is called an approximation of it', async () => {
  const page = await pages.open(`/?view=content&id=${ONE}`, {
    prepare: made =>
      made.route('**/retention', route =>
        route.fulfill({
          json: {
            basis: 'watched_from_0',
            length_seconds: 1800,
            plays: 0,
            points: [{elapsed_ratio: 0, audience: 0, audience_watch_ratio: null}],
          },
        }),
      ),
  })
  await page.getByText('Nobody has watched it yet.').waitFor()
  expect(await page.getByText('approximation').count()).toBe(0)
})

test('more than everybody is explained', async () => {
  const page = await pages.open(`/?view=content&id=${ONE}`, {
    prepare: made =>
      made.route('**/retention', route =>
        route.fulfill({
          json: {
            basis: 'position',
            length_seconds: 1800,
            plays: 2,
            drop_offs: [],
            key_moments: [],
            points: [0, 0.5].map(elapsed_ratio => {
              return {elapsed_ratio, audience: 5, audience_watch_ratio: 2.5}
            }),
          },
        }),
      ),
  })
  await page.getByText('More than 100%').waitFor()
})

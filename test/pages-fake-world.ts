/** A browser and a server of invented figures for one test file; pages that close themselves. */
import type {Server} from 'node:http'
import type {Browser, Locator, Page} from 'playwright-core'
import {afterAll, beforeAll, expect, onTestFinished} from 'vitest'
import {openBrowser} from './browser.ts'
import {startFakeApi} from './pages-fake.ts'
import {openPage, WIDTHS, type Look} from './pages-world.ts'

export const LOOKS = (['light', 'dark'] as const).flatMap(scheme =>
  Object.entries(WIDTHS).map(([name, width]) => ({name, scheme, width})),
)
export const PHONE: Look = {scheme: 'light', width: 390}

export interface FakePages {
  /** @param prepare routes that answer otherwise, before anything is asked */
  open(
    path: string,
    options?: {readonly look?: Look; readonly prepare?: (page: Page) => Promise<unknown>},
  ): Promise<Page>
  readonly url: string
}

/** Call it once in a file. A mistake on a page fails the test that opened it. */
export function useFakePages(): FakePages {
  let browser: Browser
  let server: Server
  let url = ''
  beforeAll(async () => {
    browser = await openBrowser()
    ;({url, server} = await startFakeApi())
  })
  afterAll(async () => {
    await browser?.close()
    server?.closeAllConnections()
    await new Promise(resolve => server?.close(resolve))
  })
  return {
    get url() {
      return url
    },
    async open(path, {look, prepare} = {}) {
      const {page, mistakes, close} = await openPage(browser, look)
      onTestFinished(async () => {
        expect(mistakes).toEqual([])
        await close()
      })
      await prepare?.(page)
      await page.goto(`${url}${path}`)
      return page
    },
  }
}

/** A function for the page, as text: the types of a browser are not here. */
const inPage = (question: string): ((given: unknown) => unknown) =>
  // oxlint-disable-next-line typescript/no-implied-eval -- it is sent to the browser, not run here
  new Function('given', `return (${question})(given)`) as (given: unknown) => unknown

/** What a function of the page says about an element. */
export const askOf = async <R>(element: Locator, question: string): Promise<R> =>
  (await element.evaluate(inPage(question))) as R

/** The same of all that match. */
export const askOfAll = async <R>(elements: Locator, question: string): Promise<R> =>
  (await elements.evaluateAll(inPage(question))) as R

/** What charts draw on their canvas since they cleared it: it is nowhere in the document. */
export async function watchCanvas(page: Page): Promise<void> {
  await page.addInitScript(`{
    const drawn = new WeakMap()
    const of = canvas => drawn.get(canvas) ?? {texts: [], dashes: []}
    const before = (name, note) => {
      const original = CanvasRenderingContext2D.prototype[name]
      CanvasRenderingContext2D.prototype[name] = function (...args) {
        note(this.canvas, args)
        return original.apply(this, args)
      }
    }
    before('clearRect', canvas => drawn.set(canvas, {texts: [], dashes: []}))
    before('fillText', (canvas, [text]) => drawn.set(canvas, {...of(canvas), texts: [...of(canvas).texts, text]}))
    before('setLineDash', (canvas, [dash]) => drawn.set(canvas, {...of(canvas), dashes: [...of(canvas).dashes, dash.join(' ')]}))
    window.drawnOn = of
  }`)
}

interface Drawn {
  readonly texts: readonly string[]
  readonly dashes: readonly string[]
}

/** @param label how the name of the chart begins */
export async function drawnOn(page: Page, label: string): Promise<Drawn> {
  const canvas = page.locator(`[aria-label^="${label}"] canvas`).first()
  await canvas.waitFor()
  let drawn: Drawn = {texts: [], dashes: []}
  await expect
    .poll(
      async () => {
        drawn = await askOf<Drawn>(canvas, 'one => window.drawnOn(one)')
        return drawn.texts.length
      },
      {timeout: 10_000},
    )
    .toBeGreaterThan(0)
  return drawn
}

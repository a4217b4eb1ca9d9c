/** What tests of the pages share: a page that notices every mistake of its own. */
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import type {Browser, Page} from 'playwright-core'

export const SCHEMES = ['light', 'dark'] as const
export const WIDTHS = {wide: 1440, narrow: 360} as const

export interface Look {
  readonly scheme: (typeof SCHEMES)[number]
  readonly width: number
  /** IANA name. */
  readonly zone?: string
}

export interface OpenedPage {
  readonly page: Page
  /** Exceptions, refused content, and errors of the console, as they come. */
  readonly mistakes: readonly string[]
  readonly close: () => Promise<void>
}

/** The browser itself says this when a server is away: that is no mistake of the page. */
const NETWORK = /Failed to load resource|net::ERR_/

export async function openPage(
  browser: Browser,
  {scheme, width, zone = 'Europe/Berlin'}: Look = {scheme: 'light', width: WIDTHS.wide},
): Promise<OpenedPage> {
  const context = await browser.newContext({
    viewport: {width, height: 900},
    colorScheme: scheme,
    timezoneId: zone,
    acceptDownloads: true,
  })
  const page = await context.newPage()
  const mistakes: string[] = []
  page.on('pageerror', error => mistakes.push(error.message))
  page.on('console', message => {
    if (message.type() === 'error' && !NETWORK.test(message.text())) mistakes.push(message.text())
  })
  return {page, mistakes, close: async () => await context.close()}
}

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
)

interface AxeResult {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string | null
    readonly nodes: readonly {readonly html: string; readonly failureSummary: string}[]
  }[]
}

/** What axe-core finds serious or critical, by WCAG 2.2 A and AA. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource)
  const {violations} = await page.evaluate<AxeResult>(
    `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})`,
  )
  return violations
    .filter(({impact}) => impact === 'serious' || impact === 'critical')
    .map(({id, nodes}) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`)
}

/** How far the document is wider than the window. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )

/** Until the live sign says so. */
export async function waitForLive(page: Page, status = 'live', timeout = 10_000): Promise<void> {
  await page.locator(`[data-live="${status}"]`).first().waitFor({timeout})
}

/** What a page costs its viewer, as the browser counts it. */
import type {Browser, CDPSession, Page} from 'playwright-core'

export interface Usage {
  readonly heapMb: number
  readonly nodes: number
  readonly listeners: number
  /** Seconds of a core that the page's own thread took since it was opened. */
  readonly threadS: number
}

export interface Meter {
  /** After a collection of garbage: what is left is held by somebody. */
  measure(): Promise<Usage>
}

export async function openMeter(page: Page): Promise<Meter> {
  const session = await page.context().newCDPSession(page)
  // Not the time on the wall: other processes of the machine are none of the page's cost.
  await session.send('Performance.enable', {timeDomain: 'threadTicks'})
  return {
    async measure() {
      await session.send('HeapProfiler.collectGarbage')
      const {metrics} = await session.send('Performance.getMetrics')
      const of = (name: string): number => {
        const found = metrics.find(one => one.name === name)
        if (found === undefined) throw new Error(`the browser does not count ${name}`)
        return found.value
      }
      return {
        heapMb: of('JSHeapUsedSize') / 1e6,
        nodes: of('Nodes'),
        listeners: of('JSEventListeners'),
        threadS: of('TaskDuration'),
      }
    },
  }
}

/** Seconds of a core of everything that draws pages: scripts, layout, painting, all their threads. */
export async function openRenderClock(browser: Browser): Promise<() => Promise<number>> {
  const session: CDPSession = await browser.newBrowserCDPSession()
  return async () => {
    const {processInfo} = await session.send('SystemInfo.getProcessInfo')
    return processInfo
      .filter(({type}) => type === 'renderer')
      .reduce((sum, {cpuTime}) => sum + cpuTime, 0)
  }
}

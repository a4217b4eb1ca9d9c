/** The verdict as figures. */
import type {Metrics} from '../../platform/metrics.ts'
import type {ApiMetrics} from '../metrics.ts'
import {FINDING_CODES} from './findings.ts'
import type {Health} from './health.ts'
import {openDifferences} from './verdict.ts'

export function measureHealth(
  registry: Metrics,
  metrics: ApiMetrics,
  {health, now}: {readonly health: Health; readonly now: () => number},
): void {
  registry.onScrape(async () => {
    const {verdict, reconciliations} = await health.read()
    metrics.healthy.set(verdict.healthy ? 1 : 0)
    for (const code of FINDING_CODES) {
      const found = verdict.findings.filter(one => one.code === code)
      metrics.findings.set({code}, found.length)
    }
    if (!reconciliations.told) return
    const streams = new Set(reconciliations.value.map(({stream}) => stream))
    for (const stream of streams) {
      const own = reconciliations.value.filter(one => one.stream === stream)
      const open = own.reduce((sum, one) => sum + openDifferences(one), 0)
      metrics.reconcileDifferences.set({stream}, open)
      // How long ago everything was compared; a day or a key says nothing of the rest.
      const whole = own.find(({scope}) => scope === 'all')
      if (whole === undefined) continue
      const age = (now() - Date.parse(whole.finished_at)) / 1000
      metrics.reconcileAge.set({stream}, Math.max(0, age))
    }
  })
}

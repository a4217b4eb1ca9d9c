/** The metrics of one process. Names are `<service>_<what>_<unit>`; labels have few values. */
import {collectDefaultMetrics, Counter, Gauge, Histogram, Registry} from '@prometheus-io/client'

export type {Counter, Gauge, Histogram} from '@prometheus-io/client'

/** Seconds, from half a millisecond to a minute: latencies of every hop fit in. */
export const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
  30, 60,
] as const

export interface Metrics {
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>
  histogram<L extends string = never>(
    name: string,
    help: string,
    options?: {readonly labels?: readonly L[]; readonly buckets?: readonly number[]},
  ): Histogram<L>
  /** Runs `collect` before each scrape: for what is looked up, not counted. */
  onScrape(collect: () => void | Promise<void>): void
  /** The exposition text. */
  render(): Promise<string>
  readonly contentType: string
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const collectors: Array<() => Promise<void>> = []
  collectDefaultMetrics({register: registry, eventLoopMonitoringPrecision: 50})
  return {
    counter: (name, help, labels = []) =>
      new Counter({name, help, labelNames: [...labels], registers: [registry]}),
    gauge: (name, help, labels = []) =>
      new Gauge({name, help, labelNames: [...labels], registers: [registry]}),
    histogram: (name, help, {labels = [], buckets = LATENCY_BUCKETS} = {}) =>
      new Histogram({
        name,
        help,
        labelNames: [...labels],
        buckets: [...buckets],
        registers: [registry],
      }),
    onScrape: collect => void collectors.push(async () => await collect()),
    async render() {
      await Promise.all(collectors.map(collect => collect()))
      return await registry.metrics()
    },
    contentType: registry.contentType,
  }
}

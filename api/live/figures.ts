/** What the streams of contents and of the platform show: read once for all who look. */
import type {Overview} from '../pipeline/overview.ts'
import type {Reads} from '../reads/reads.ts'
import type {Leaderboard} from '../schemas/live.ts'
import {shareReads} from '../waits.ts'
import {versionOf, type FigureSource} from './sources.ts'

const FIGURES_MS = 250
const SECOND_MS = 1000

/** @param deps.reads that ask Redis alone: nobody's open page shall poll Cassandra */
export function figureSources(deps: {
  readonly reads: Reads
  readonly overview: Overview
  /** Without it there are only the figures of the platform. */
  readonly hasEngagement: boolean
}): readonly FigureSource[] {
  const {reads, overview, hasEngagement} = deps
  const top = shareReads(() => reads.top('engagement_seconds', 'window', 10), 100)
  const ofEngagement: readonly FigureSource[] = [
    {
      kind: 'content',
      everyMs: FIGURES_MS,
      async read(ids) {
        const contents = await Promise.all(ids.map(id => reads.content(id)))
        const known = contents.filter(content => content !== undefined)
        const {value, meta} = await reads.totals(known)
        return new Map(
          known.map(content => {
            const metrics = value.get(content.id)!
            const version = versionOf({content, metrics})
            return [content.id, {data: {content, metrics, meta}, version}] as const
          }),
        )
      },
    },
    {
      kind: 'leaderboard',
      everyMs: SECOND_MS,
      async read() {
        const {value, meta} = await top('')
        const data: Leaderboard = {by: 'engagement_seconds', items: [...value], meta}
        return new Map([['', {data, version: versionOf(value)}]])
      },
    },
  ]
  return [
    ...(hasEngagement ? ofEngagement : []),
    {
      kind: 'platform',
      // Within a second of the commit on the page, the way through the pipeline included.
      everyMs: SECOND_MS / 3,
      async read() {
        const data = await overview.read()
        return new Map([['', {data, version: String(Date.parse(data.at))}]])
      },
    },
  ]
}

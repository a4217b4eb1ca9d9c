/** What users did, and pages, from whichever store has them. */
import type {RollupPlan} from '../../readmodel/plan.ts'
import {textsOfKey} from '../../readmodel/rollup-table.ts'
import {isoDayOfSeconds} from '../../readmodel/slices.ts'
import {piecesOfTotal, type Piece} from '../../readmodel/stream-reads.ts'
import {Tally} from '../../readmodel/tally.ts'
import type {ActivityView} from '../schemas/users.ts'
import {listEvents} from './events.ts'
import type {Reads} from './reads.ts'
import {readFrom, type Stores} from './stores.ts'

export type UserReads = Pick<
  Reads,
  'userActivity' | 'userDays' | 'userTypes' | 'userLastSeen' | 'pages'
>

const STREAM = 'activity'
const EVER = {from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER}
const secondsOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 1000

/** How many of `measure` the pieces hold. */
function countOf(rollup: RollupPlan, measure: string, pieces: readonly Piece[]): number {
  const tally = new Tally(rollup, new Set([measure]))
  for (const {bucket, valuesOf} of pieces) tally.add(bucket, valuesOf)
  return tally.values()[measure] as number
}

export function createUserReads({stores}: {readonly stores: Stores}): UserReads {
  const from = (what: string) => ({what, stream: STREAM})
  const rollupOf = (name: string): RollupPlan =>
    stores.plan(STREAM).rollups.find(rollup => rollup.name === name)!
  /** Cassandra holds all but what the last seconds brought. */
  const scanned = {source: 'cassandra', isScan: true} as const
  return {
    userActivity: (user, {limit, after}) =>
      readFrom(stores, from('user-activity'), async reads => {
        const request = {limit, after, from: null, to: null}
        const {items, next, newestMicros} = await listEvents(reads, user, request)
        return {value: {items: items as readonly ActivityView[], next}, newestMicros, ...scanned}
      }),
    userDays: (user, {from: first, to}) =>
      readFrom(stores, from('user-days'), async reads => {
        const rollup = rollupOf('days')
        const range = {
          from: first === null ? EVER.from : secondsOf(first),
          to: to === null ? EVER.to : secondsOf(to),
        }
        const [partition] = reads.partitionsOf(user)
        const periods = await reads.events.files.periods(user, partition!, range)
        const views = await reads.rollup(rollup).entitiesOf(user)
        const counts = await Promise.all(
          views.flatMap(view =>
            periods.map(async period => {
              const [, type] = textsOfKey(rollup, view.key)
              const buckets = await reads.rollup(rollup).buckets(view, 'day', period)
              return buckets.map(({start, pieces}) => ({
                day: isoDayOfSeconds(start),
                activity_type: type!,
                count: countOf(rollup, 'activities', pieces),
              }))
            }),
          ),
        )
        const value = counts
          .flat()
          .filter(({count}) => count > 0)
          .toSorted((a, b) =>
            a.day === b.day ? (a.activity_type < b.activity_type ? -1 : 1) : a.day < b.day ? 1 : -1,
          )
        return {value, ...scanned}
      }),
    userTypes: user =>
      readFrom(stores, from('user'), async reads => {
        const rollup = rollupOf('days')
        const views = await reads.rollup(rollup).entitiesOf(user)
        const counts = views.map(view => {
          const count = countOf(rollup, 'activities', piecesOfTotal(view))
          return [textsOfKey(rollup, view.key)[1]!, count] as const
        })
        return {value: new Map(counts.filter(([, count]) => count > 0)), ...scanned}
      }),
    async userLastSeen(user) {
      const {value} = await readFrom(stores, from('user-recent'), async reads => {
        const lists = await reads.recentOf(user)
        const times = lists.flatMap(({list}) => list[0]?.at ?? [])
        return {value: times.length === 0 ? null : Math.max(...times), ...scanned}
      })
      return value
    },
    pages: () =>
      readFrom(stores, from('pages'), async reads => {
        const rollup = rollupOf('pages')
        const views = new Map<string, number>()
        const add = (page: string, count: number): void => {
          if (count > 0) views.set(page, (views.get(page) ?? 0) + count)
        }
        const live = await reads.live.namedHash(rollup.hash!)
        if (live.every(own => own !== null)) {
          for (const own of live) for (const [page, count] of own) add(page, count)
          return {value: views, source: 'redis' as const}
        }
        for await (const entities of reads.rollup(rollup).all({uniques: false})) {
          for (const view of entities) {
            add(view.key, countOf(rollup, 'page_views', piecesOfTotal(view)))
          }
        }
        // Whatever the rest of Redis has: these are rows as they are stored.
        return {value: views, source: 'cassandra' as const, isFresh: false}
      }),
  }
}

/** What users did, and pages, from whichever store has them. */
import {isoDayOfSeconds} from '../../readmodel/slices.ts'
import {piecesOfTotal} from '../../readmodel/stream-reads.ts'
import type {ActivityView} from '../schemas/users.ts'
import {listEvents} from './events.ts'
import {newestActivities} from './newest-activities.ts'
import type {Reads} from './reads.ts'
import {readFrom, SCANNED, type Stores} from './stores.ts'
import {countOf, readDays, readTypes, rollupNamed, type Counts} from './user-counts.ts'

export type UserReads = Pick<
  Reads,
  'userActivity' | 'userDays' | 'userTypes' | 'userLastSeen' | 'pages'
>

const STREAM = 'activity'
const EVER = {from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER}
const secondsOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 1000

/** What somebody never did, or does no more, is left out. */
const positive = (counts: Counts): readonly (readonly [string, number])[] =>
  [...counts].filter(([, count]) => count > 0)

export function createUserReads({stores}: {readonly stores: Stores}): UserReads {
  const from = (what: string) => ({what, stream: STREAM})
  return {
    userActivity: (user, {limit, after}) =>
      readFrom(stores, from('user-activity'), async reads => {
        if (after === undefined) {
          const value = newestActivities(user, await reads.recentOf(user), limit)
          if (value !== undefined) return {value, source: 'redis' as const}
        }
        const request = {limit, after, from: null, to: null}
        const {items, next, newestMicros} = await listEvents(reads, user, request)
        return {value: {items: items as readonly ActivityView[], next}, newestMicros, ...SCANNED}
      }),
    userDays: (user, {from: first, to}) =>
      readFrom(stores, from('user-days'), async reads => {
        const range = {
          from: first === null ? EVER.from : secondsOf(first),
          to: to === null ? EVER.to : secondsOf(to),
        }
        const found = await readDays(reads, user, range)
        const value = [...found.value]
          .toSorted(([a], [b]) => b - a)
          .flatMap(([day, counts]) =>
            positive(counts)
              .toSorted(([a], [b]) => (a < b ? -1 : 1))
              .map(([type, count]) => {
                return {day: isoDayOfSeconds(day), activity_type: type, count}
              }),
          )
        return {...found, value}
      }),
    userTypes: user =>
      readFrom(stores, from('user'), async reads => {
        const found = await readTypes(reads, user)
        return {...found, value: new Map(positive(found.value))}
      }),
    async userLastSeen(user) {
      const {value} = await readFrom(stores, from('user-recent'), async reads => {
        const lists = await reads.recentOf(user)
        const times = lists.flatMap(({recent}) => recent.list[0]?.at ?? [])
        return {value: times.length === 0 ? null : Math.max(...times), ...SCANNED}
      })
      return value
    },
    pages: () =>
      readFrom(stores, from('pages'), async reads => {
        const rollup = rollupNamed(reads.plan, 'pages')
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

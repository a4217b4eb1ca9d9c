/** Text keys of aggregate rows, as projections make them and stores read them. */
import type {Granularity} from './time.ts'

/** Names of projections: what a row belongs to. */
export const PROJECTIONS = {
  contentTotals: 'content-totals',
  contentTime: 'content-time',
  contentRetention: 'content-retention',
  platformTime: 'platform-time',
  leaderboard: 'leaderboard',
  viewers: 'viewers',
  userDays: 'user-days',
  userRecent: 'user-recent',
  pages: 'pages',
  activityTime: 'activity-time',
} as const

export type TimeGranularity = Exclude<Granularity, 'total'>

const LETTERS: Readonly<Record<TimeGranularity, string>> = {minute: 'm', hour: 'h', day: 'd'}
const GRANULARITY_OF: Readonly<Record<string, TimeGranularity>> = {
  m: 'minute',
  h: 'hour',
  d: 'day',
}

/** `m1763700000`: a bucket of time. */
export const timeKey = (granularity: TimeGranularity, start: number): string =>
  LETTERS[granularity] + start

export interface TimeBucket {
  readonly granularity: TimeGranularity
  /** Seconds since 1970. */
  readonly start: number
}

export const parseTimeKey = (key: string): TimeBucket => ({
  granularity: GRANULARITY_OF[key[0]!]!,
  start: Number(key.slice(1)),
})

const UUID_LENGTH = 36

/** A content and a bucket of time, or a segment of its length. */
export const contentKey = (contentId: string, rest: string): string => contentId + rest

export const contentIdOf = (key: string): string => key.slice(0, UUID_LENGTH)
export const restOf = (key: string): string => key.slice(UUID_LENGTH)

/** PostgreSQL's text holds no NUL, so it can part texts of any kind. */
const SEPARATOR = '\u0000'

export const userDayKey = (userId: string, day: number, activityType: string): string =>
  userId + SEPARATOR + day + SEPARATOR + activityType

export function parseUserDayKey(key: string): {
  readonly userId: string
  readonly day: number
  readonly activityType: string
} {
  const [userId, day, activityType] = key.split(SEPARATOR)
  return {userId: userId!, day: Number(day), activityType: activityType!}
}

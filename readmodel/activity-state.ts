/** What aggregate rows of the activity stream hold. */

/** Activities of one type of a user on a day. */
export interface UserDayState {
  count: number
}

export interface RecentActivity {
  readonly event_id: number
  readonly activity_type: string
  /** Microseconds since 1970. */
  readonly occurred_at: number
  readonly page: string | null
}

/** Newest activities that a user row keeps. */
export const RECENT_MAX = 20

export interface UserRecentState {
  events: number
  /** Newest first. */
  recent: RecentActivity[]
  /** The list includes something that was retracted. */
  stale: boolean
}

export interface PageState {
  views: number
}

export interface ActivityMinuteState {
  events: number
  pageViews: number
}

const LONG_PAGE = '(long)'
export const PAGE_CHARACTERS_MAX = 512

/** A page as key: what is too long counts together. */
export const pageKeyOf = (page: string): string =>
  page.length > PAGE_CHARACTERS_MAX ? LONG_PAGE : page

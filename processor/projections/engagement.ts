/** All projections of the engagement stream. */
import type {EngagementEvent} from '../../readmodel/events.ts'
import {contentRetention} from './content-retention.ts'
import {contentTime} from './content-time.ts'
import {contentTotals} from './content-totals.ts'
import {leaderboard} from './leaderboard.ts'
import {platformTime} from './platform-time.ts'
import type {Projection} from './projection.ts'
import {viewers} from './viewers.ts'

export const ENGAGEMENT_PROJECTIONS: readonly Projection<EngagementEvent, unknown>[] = [
  contentTotals,
  contentTime,
  contentRetention,
  platformTime,
  leaderboard,
  viewers,
]

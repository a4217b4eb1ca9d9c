/** Views of a page. */
import {activity} from '../../contracts/activity.ts'
import {pageKeyOf, type PageState} from '../../readmodel/activity-state.ts'
import {PROJECTIONS} from '../../readmodel/aggregate-keys.ts'
import type {ActivityEvent} from '../../readmodel/events.ts'
import type {Projection} from './projection.ts'

export const pages: Projection<ActivityEvent, PageState> = {
  name: PROJECTIONS.pages,
  stream: activity.name,
  keysOf: event => (event.page === null ? [] : [pageKeyOf(event.page)]),
  create: () => ({views: 0}),
  apply(state) {
    state.views += 1
  },
  retract(state) {
    state.views -= 1
  },
  bytesOf: () => 150,
}

/** Where the stages of one event's way are looked up. */
import type {Resources} from '../compose.ts'
import {placeActivity, placeEvent} from '../reads/event-place.ts'
import type {Stores} from '../reads/stores.ts'
import type {Inspector} from './inspector.ts'
import type {createTrace} from './trace.ts'

export function traceDeps(
  {db, admin}: Resources,
  stores: Stores,
  inspector: Inspector,
): Parameters<typeof createTrace>[0] {
  return {
    db,
    admin: () => admin.get(),
    inspector,
    async stored(stream, row) {
      const {events, activities} = await stores.stored()
      const micros = (text: unknown): number => Math.round(Date.parse(String(text)) * 1000)
      const id = Number(row['id'])
      if (stream === 'engagement') {
        const place = await placeEvent(db, id)
        const found = place === undefined ? null : await events.find(place)
        if (found === null) return null
        return {
          data: found,
          processedAt: found.processed_at,
          createdAt: found.created_at,
          offset: found.src_offset,
        }
      }
      const place = await placeActivity(db, id)
      const occurred = place?.occurred_at ?? micros(row['occurred_at'])
      const found =
        place === undefined
          ? null
          : await activities.find({
              ...place,
              occurred_at: occurred,
              activity_type: '',
              metadata: null,
              page: null,
            })
      if (found === null) return null
      return {
        data: found,
        processedAt: found.processed_at,
        createdAt: found.created_at,
        offset: found.src_offset,
      }
    },
    async live(stream, id) {
      if (stream === 'activity') return null
      return await (await stores.live()).engagement.event(id)
    },
  }
}

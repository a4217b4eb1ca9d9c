/** A rollup as a projection: events by key, in buckets of time and in total. */
import {ByteWriter} from './bytes.ts'
import {Entity} from './entity.ts'
import type {EventSource} from './event-reads.ts'
import type {TimeLevel} from './levels.ts'
import {mendRollup} from './mending.ts'
import type {RollupPlan, StreamPlan} from './plan.ts'
import type {Projection, StaleBucket} from './projection.ts'
import {liveKey, namedHashKey} from './redis-keys.ts'
import {keyOfTexts, type RollupTable} from './rollup-table.ts'

/** How long a value is kept that nothing changes: from then on what is stored is all there is. */
export const LIVE_TTL_S = 900

export interface RollupStores {
  readonly table: RollupTable
  /** Where what is stale is computed again from. */
  readonly source: EventSource
  readonly space: string
}

export function createRollup(
  {timeOf, inputs}: StreamPlan,
  plan: RollupPlan,
  {table, source, space}: RollupStores,
): Projection<Entity> {
  const writer = new ByteWriter()
  const {hash} = plan
  const valuesOf: Projection<Entity>['liveOf'] = (key, entity, {partition, isFirst}) => {
    const events = String(entity.events)
    const own = {
      key: liveKey(space, partition, plan.id, key),
      ttlS: LIVE_TTL_S,
      fields: ['events', events, ...entity.encodeLive(writer, isFirst)],
      isWhole: true,
    }
    if (hash === null) return [own]
    const fields = [key, events]
    return [own, {key: namedHashKey(hash, partition), ttlS: 0, fields, isWhole: false}]
  }
  return {
    id: plan.id,
    keysOf(event) {
      if (plan.counts?.(event) === false) return []
      return [keyOfTexts(plan.keyOf(event))]
    },
    create: () => new Entity(plan),
    prepare: (entity, event) => entity.prepare(timeOf(event)),
    apply: (entity, event, offset) => entity.apply(plan.splitsOf(event), inputs, offset),
    retract: (entity, event, offset) => entity.retract(plan.splitsOf(event), inputs, offset),
    staleOf: staleBucketsOf,
    mend: (entity, at) => mendRollup({source, rollup: plan, table}, entity, at),
    want: (entity, {level, start}) =>
      level === 'total' || entity.want({level: level as TimeLevel, start}),
    doubt(entity, {oldestUs, newestUs, ...part}, offset) {
      if (oldestUs !== null && newestUs !== null) entity.widen(oldestUs, newestUs, offset)
      entity.doubt(part)
    },
    bytesOf: entity => entity.bytes,
    table,
    liveOf: valuesOf,
    ...(hash === null ? {} : {seedsOf: partition => table.keys(partition)}),
  }
}

/** Finest first: what others are made of is mended before them. */
function staleBucketsOf(entity: Entity): readonly StaleBucket[] {
  const stale: StaleBucket[] = []
  for (const {level, bucket} of entity.buckets()) {
    if (bucket.isRetracted) stale.push({level, start: bucket.start})
  }
  if (entity.total.isRetracted) stale.push({level: 'total', start: 0})
  return stale
}

/**
 * The usual curve of contents like one: of its type and about its length. What is compared is chosen and put together
 * here; the curves are those that are served.
 *
 * Defined in docs/INSIGHT.md#beside-contents-like-it.
 */
import {medianOf} from '../../platform/robust.ts'
import type {Reads} from '../reads/reads.ts'
import type {Content} from '../schemas/content.ts'
import type {RetentionView} from '../schemas/metrics.ts'
import type {Ask} from './ask.ts'
import {PLAYS_MIN} from './shape.ts'

/** Lengths that are alike: up to so many times each other. */
const LENGTH_TIMES = 1.5
const CONTENTS_MAX = 20
/** Fewer are no kind. */
const CONTENTS_MIN = 3
/** Of its type, those that are played most are looked at. */
const LOOKED_AT = 500

export interface Like {
  /** How many contents the curve is of. */
  readonly contents: number
  /** The median share that is still there, at each point; null: nobody knows of too few contents. */
  readonly typical: readonly (number | null)[]
  /** The median, over the points, of the content's share by the typical one; 1: as usual. */
  readonly relative: number | null
}

/** Whether lengths are alike. */
export const isAlike = (length: number, other: number | null): boolean =>
  other !== null && other > 0 && other <= length * LENGTH_TIMES && length <= other * LENGTH_TIMES

/** Pure. */
export function likeOf(own: RetentionView, others: readonly RetentionView[]): Like {
  const none = {contents: others.length, typical: own.points.map(() => null), relative: null}
  if (others.length < CONTENTS_MIN) return none
  const typical = own.points.map((_, i) => {
    const shares = others.flatMap(({points}) => points[i]?.audience_watch_ratio ?? [])
    return shares.length < CONTENTS_MIN ? null : medianOf(shares)
  })
  const ratios = own.points.flatMap(({audience_watch_ratio: share}, i) => {
    const usual = typical[i] ?? null
    return share === null || usual === null || usual === 0 ? [] : [share / usual]
  })
  const relative = ratios.length === 0 || own.plays < PLAYS_MIN ? null : medianOf(ratios)
  return {contents: others.length, typical, relative}
}

/** Reads the curves of contents like one, those with the most plays first. */
export async function readLike(
  {ask, reads}: {readonly ask: Ask; readonly reads: Pick<Reads, 'content' | 'retention'>},
  content: Content,
): Promise<Like & {readonly own: RetentionView}> {
  const {value: own} = await reads.retention(content)
  const {content_type: type, length_seconds: length} = content
  if (type === null || length === null || length === 0) return {own, ...likeOf(own, [])}
  const {value} = await ask({
    stream: 'engagement',
    metrics: ['plays'],
    dimensions: ['content'],
    filters: [
      ['is', 'content_type', [type]],
      ['greater_or_equal', 'plays', PLAYS_MIN],
    ],
    date_range: 'all',
    order_by: [['plays', 'desc']],
    pagination: {limit: LOOKED_AT},
  })
  const ids = value.rows
    .map(({dimensions}) => String(dimensions[0]))
    .filter(id => id !== content.id)
  const found = await Promise.all(ids.map(id => reads.content(id)))
  const alike = found
    .filter(one => one !== undefined)
    .filter(one => isAlike(length, one.length_seconds))
    .slice(0, CONTENTS_MAX)
  const curves = await Promise.all(alike.map(one => reads.retention(one)))
  return {
    own,
    ...likeOf(
      own,
      curves.map(({value: curve}) => curve),
    ),
  }
}

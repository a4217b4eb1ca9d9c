/** The retention curve from counts by second. Pure. Defined in docs/METRICS.md. */
import {MARKS, type CountedMark, type RetentionSegment} from '../../readmodel/special/retention.ts'
import {dropOffsOf, keyMomentsOf, type Stretch} from '../insight/shape.ts'
import type {RetentionView} from '../schemas/metrics.ts'

const POINTS = 100

/**
 * @returns 100 points; none without a length. Where any event carries a position, only those that
 *   carry one are used.
 */
export function retentionOf(
  segments: readonly RetentionSegment[],
  content: {readonly id: string; readonly lengthSeconds: number | null; readonly plays: number},
): RetentionView {
  const marks = segments.flatMap(segment => [...segment.marks()])
  const [begins, ends, durations] = MARKS.map(mark => marks.filter(one => one.mark === mark))
  const basis = begins!.length + ends!.length > 0 ? 'position' : 'watched_from_0'
  const {id, lengthSeconds, plays} = content
  const sum = (list: readonly CountedMark[], test: (second: number) => boolean): number =>
    list.reduce((total, {second, count}) => (test(second) ? total + count : total), 0)
  const audienceAt = (second: number): number =>
    basis === 'position'
      ? sum(begins!, begin => begin <= second) - sum(ends!, end => end <= second)
      : sum(durations!, end => end > second)
  const points =
    lengthSeconds === null || lengthSeconds === 0
      ? []
      : Array.from({length: POINTS}, (_, index) => {
          const second = Math.floor((index * lengthSeconds) / POINTS)
          const audience = Math.max(0, audienceAt(second))
          return {
            seconds: second,
            elapsed_ratio: index / POINTS,
            audience,
            audience_watch_ratio: plays === 0 ? null : audience / plays,
          }
        })
  const audience = points.map(point => point.audience)
  const toStretch = ({from, to}: Stretch) => ({
    from_ratio: from / POINTS,
    to_ratio: to / POINTS,
    from_seconds: Math.floor((from * (lengthSeconds ?? 0)) / POINTS),
    to_seconds: Math.floor((to * (lengthSeconds ?? 0)) / POINTS),
  })
  return {
    content_id: id,
    basis,
    length_seconds: lengthSeconds,
    plays,
    points,
    drop_offs: dropOffsOf(audience, plays).map(({left, share, ...of}) => ({
      ...toStretch(of),
      left,
      share,
    })),
    key_moments: keyMomentsOf(audience, plays).map(({extra, share, ...of}) => ({
      ...toStretch(of),
      extra,
      share,
    })),
  }
}

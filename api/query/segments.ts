/** Stored segments in filters: which are named, and the filters that they stand for. Pure. */
import {invalid, Problem, refuse} from '../problem.ts'
import type {Filter, Logic, Test} from '../schemas/query.ts'
import {planFilters} from './filters.ts'
import type {Subject} from './subject.ts'

/** What a filter calls them. A stream that has such a dimension has no segments in filters. */
export const SEGMENT = 'segment'

export type Segments = ReadonlyMap<string, readonly Filter[]>

const isLogic = (filter: Filter): filter is Logic =>
  ['and', 'or', 'not', 'has_done', 'has_not_done'].includes(filter[0])

const operandsOf = ([operator, operand]: Logic): readonly Filter[] =>
  operator === 'and' || operator === 'or' ? operand : [operand as Filter]

const namesSegments = (filter: Filter): filter is Test => !isLogic(filter) && filter[1] === SEGMENT

/** Whether filters can name segments: not where a dimension has that name. */
export const takesSegments = ({dimensions}: Subject): boolean => !dimensions.has(SEGMENT)

/** Names of the segments that filters use. */
export function segmentNames(filters: readonly Filter[]): readonly string[] {
  const names = filters.flatMap(filter => {
    if (isLogic(filter)) return segmentNames(operandsOf(filter))
    return namesSegments(filter) ? filter[2].filter(value => typeof value === 'string') : []
  })
  return [...new Set(names)]
}

interface At {
  readonly subject: Subject
  readonly pointer: string
}

/** @throws 422 when its filters do not fit the stream any more */
function filtersOf(segments: Segments, name: string, {subject, pointer}: At): Filter {
  const filters = segments.get(name)!
  try {
    planFilters(filters, subject)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const detail = `does not fit ${subject.plan.stream.name} any more, change or delete it: ${error.message}`
    throw refuse('body', pointer, name, detail)
  }
  return ['and', filters]
}

function expand(filter: Filter, segments: Segments, {subject, pointer}: At): Filter {
  if (isLogic(filter)) {
    const inside = {subject, pointer: `${pointer}/1`}
    return filter[0] === 'and' || filter[0] === 'or'
      ? [filter[0], expandAll(filter[1], segments, inside)]
      : [filter[0], expand(filter[1] as Filter, segments, inside)]
  }
  if (!namesSegments(filter)) return filter
  const [operator, , values] = filter
  if (operator !== 'is' && operator !== 'is_not') {
    throw invalid(
      'body',
      `${pointer}/0`,
      operator,
      'must be is or is_not, as segments have no text',
    )
  }
  const stored = values.map((name, i) => {
    const own = `${pointer}/2/${i}`
    if (typeof name === 'string' && segments.has(name)) {
      return filtersOf(segments, name, {subject, pointer: own})
    }
    const {name: stream} = subject.plan.stream
    throw invalid('body', own, name, `must be a segment of ${stream}: /v1/segments lists them`)
  })
  const any: Filter = stored.length === 1 ? stored[0]! : ['or', stored]
  return operator === 'is' ? any : ['not', any]
}

function expandAll(filters: readonly Filter[], segments: Segments, at: At): readonly Filter[] {
  return filters.map((filter, i) =>
    expand(filter, segments, {...at, pointer: `${at.pointer}/${i}`}),
  )
}

/**
 * The filters with what segments stand for.
 *
 * @throws 400 that names a segment which there is not
 */
export function expandSegments(
  filters: readonly Filter[],
  segments: Segments,
  subject: Subject,
): readonly Filter[] {
  if (!takesSegments(subject)) return filters
  return expandAll(filters, segments, {subject, pointer: '/filters'})
}

/** @throws a problem that names what of the filters of a segment does not fit its stream */
export function checkSegment(filters: readonly Filter[], subject: Subject): void {
  if (takesSegments(subject) && segmentNames(filters).length > 0) {
    throw refuse(
      'body',
      '/filters',
      SEGMENT,
      'cannot be made of other segments: give their filters',
    )
  }
  planFilters(filters, subject)
}

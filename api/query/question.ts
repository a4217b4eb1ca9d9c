/** A question as it comes in, its plan, and its answer: the same over REST and GraphQL. */
import type {Session} from '../database.ts'
import type {Answered} from '../reads/reads.ts'
import {isoStretch} from '../routes/asked.ts'
import type {QueryAnswer, QueryBody} from '../schemas/query.ts'
import {readSegments} from '../segment-table.ts'
import {msToIso} from '../times.ts'
import {planQuery, type QueryPlan} from './plan.ts'
import type {QueryResult} from './read.ts'
import {expandSegments, segmentNames, takesSegments} from './segments.ts'
import type {Subjects} from './subjects.ts'
import {isTime, timeLabels} from './time.ts'

export interface QuestionDeps {
  readonly db: Session
  readonly subjects: Subjects
}

/** @throws 4xx, of the part of the question that nothing stored answers */
export async function planQuestion(
  {db, subjects}: QuestionDeps,
  body: QueryBody,
): Promise<QueryPlan> {
  const {filters = []} = body
  const subject = subjects(body.stream, 'body')
  const names = takesSegments(subject) ? segmentNames(filters) : []
  const segments = await readSegments(db, subject.plan.stream.name, names)
  const asked = {...body, filters: [...expandSegments(filters, segments, subject)]}
  return planQuery(asked, subject, Date.now())
}

/** The question as it was understood: periods by their ends. */
function understood(body: QueryBody, {main, compared}: QueryPlan): Record<string, unknown> {
  const {from, to} = isoStretch(main.range)
  const {include} = body
  const comparisons = compared && {
    ...include!.comparisons,
    date_range: Object.values(isoStretch(compared.range)),
  }
  return {
    ...body,
    date_range: [from, to],
    ...(comparisons === undefined ? {} : {include: {...include, comparisons}}),
  }
}

/** What was found, with the question as it was understood. */
export function toAnswer(
  body: QueryBody,
  plan: QueryPlan,
  {value, meta}: Answered<QueryResult>,
): QueryAnswer {
  const {rows, count, totals, stretch} = value
  const {include, compared, granularity, dimensions} = plan
  const time = dimensions.find(isTime)
  const labels = time === undefined ? [] : [...timeLabels(time, stretch.starts ?? [], plan)]
  return {
    results: [...rows],
    ...(totals === undefined ? {} : {totals}),
    meta: {
      ...meta,
      ...(granularity !== undefined && dimensions.includes('time') ? {time: granularity} : {}),
      ...(include.timeLabels && granularity !== undefined ? {time_labels: labels} : {}),
      ...(include.totalRows ? {total_rows: count} : {}),
      ...(compared === undefined || compared.range.from === null
        ? {}
        : {comparison: {from: msToIso(compared.range.from), to: msToIso(compared.range.to)}}),
    },
    query: understood(body, plan),
  }
}

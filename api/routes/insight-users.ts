/** Who comes back, who stays, who leaves. */
import type {Static} from 'typebox'
import {isoDayOfSeconds} from '../../readmodel/slices.ts'
import type {Api} from '../app.ts'
import {columnsOf} from '../csv.ts'
import {readActiveUsers} from '../insight/active-users.ts'
import {cohortsOf, standingOf, STANDINGS, type Standing} from '../insight/cohorts.ts'
import {readWeeks, startOfWeek, weekOf} from '../insight/read-weeks.ts'
import {byOwnFields} from '../query/own-fields.ts'
import {metricsOfKind, type Subject} from '../query/subject.ts'
import {roundAll} from '../rounding.ts'
import {
  ActiveUsers,
  ActiveUsersDay,
  ActiveUsersQuery,
  Cohorts,
  CohortsQuery,
} from '../schemas/insight.ts'
import {FIELDS, keepAnswers, metricOf, type InsightAsked} from './insight-asked.ts'
import {optionsOf, READ} from './options.ts'

const KEPT_MAX = 10

const toDay = (ms: number): string => isoDayOfSeconds(ms / 1000)

export function addInsightUsers(app: Api, deps: InsightAsked): void {
  addActiveUsers(app, deps)
  addCohorts(app, deps)
}

function addActiveUsers(app: Api, deps: InsightAsked): void {
  const {ask, subjects, now, keptMs} = deps
  type Asked = {subject: Subject; metric: string; days: number}
  const kept = keepAnswers({keptMs, max: KEPT_MAX}, ({subject, ...asked}: Asked) =>
    readActiveUsers(ask, subject, asked, now()),
  )
  app.get(
    '/v1/insight/active-users',
    optionsOf('insight', READ, {
      operationId: 'getActiveUsersByDay',
      summary: 'Distinct users of each day, of its week and of its month, and how many come daily',
      querystring: ActiveUsersQuery,
      response: {200: ActiveUsers},
      csv: ({items}: Static<typeof ActiveUsers>) => ({
        columns: columnsOf(ActiveUsersDay),
        rows: items,
      }),
    }),
    async ({query}) => {
      const {days = 28, decimals} = query
      const subject = subjects(query.stream, 'query')
      const distinct = metricsOfKind(subject, 'uniques')
      const metric = metricOf(query.metric, distinct, 'measure of distinct values')
      const {name: stream} = subject.plan.stream
      const {value, meta} = await byOwnFields('query', FIELDS, () =>
        kept([stream, metric, days], {subject, metric, days}),
      )
      const items = value.map(({day, daily, weekly, monthly}) => ({
        day: toDay(day),
        daily,
        weekly,
        monthly,
        stickiness: monthly === 0 ? null : daily / monthly,
      }))
      return {stream, metric, items: roundAll(items, decimals), meta}
    },
  )
}

/** Everything about weeks of users comes from one answer. */
function addCohorts(app: Api, deps: InsightAsked): void {
  const {ask, subjects, now, keptMs} = deps
  type Asked = {subject: Subject; metric: string; by: string}
  const kept = keepAnswers({keptMs, max: KEPT_MAX}, ({subject, ...asked}: Asked) =>
    readWeeks(ask, subject, asked, now()),
  )
  app.get(
    '/v1/insight/cohorts',
    optionsOf('insight', READ, {
      operationId: 'getCohorts',
      summary: 'Who stays and who leaves: users by their first week, and how they stand now',
      description: 'By weeks in UTC, of the last two years. Answers are up to a minute old.',
      querystring: CohortsQuery,
      response: {200: Cohorts},
      csv: ({cohorts}: Static<typeof Cohorts>) => ({
        columns: ['week', 'users', 'week_after', 'active'],
        rows: cohorts.flatMap(({week, users, active}) =>
          active.map((count, after) => ({week, users, week_after: after, active: count})),
        ),
      }),
    }),
    async ({query}) => {
      const {weeks: count = 12, limit = 20} = query
      const subject = subjects(query.stream ?? 'activity', 'query')
      const {name: stream, keyField} = subject.plan.stream
      const metric = metricOf(query.metric, metricsOfKind(subject, 'count'), 'count')
      const by = query.by ?? keyField
      const {value, meta} = await byOwnFields('query', FIELDS, () =>
        kept([stream, metric, by], {subject, metric, by}),
      )
      const present = weekOf(now())
      const standings = Array.from(value.weeks, ([user, weeks]) => ({
        user,
        weeks,
        standing: standingOf(weeks, present),
      }))
      const numberOf = (wanted: Standing): number =>
        standings.filter(({standing}) => standing === wanted).length
      const leaving = standings
        .filter(({standing}) => standing === 'at_risk')
        .map(({user, weeks}) => ({
          user,
          last_week: toDay(startOfWeek(Math.max(...weeks))),
          weeks: weeks.length,
          count: value.counts.get(user)!,
        }))
        .toSorted((a, b) => b.count - a.count || (a.user < b.user ? -1 : 1))
        .slice(0, limit)
      return {
        stream,
        metric,
        by,
        cohorts: cohortsOf(value.weeks, present, count).map(({week, users, active}) => ({
          week: toDay(startOfWeek(week)),
          users,
          active: [...active],
        })),
        standing: Object.fromEntries(STANDINGS.map(name => [name, numberOf(name)])) as Record<
          Standing,
          number
        >,
        leaving,
        meta,
      }
    },
  )
}

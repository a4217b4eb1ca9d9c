/** What runs by itself: when, how it went, and to run it now or not at all. Workers do it (worker/schedule). */
import type {Static} from 'typebox'
import type {Api} from '../app.ts'
import {columnsOf, toJsonCell} from '../csv.ts'
import type {Cursors} from '../cursor.ts'
import type {Session} from '../database.ts'
import {Problem, showValue} from '../problem.ts'
import {askJob, pauseJob, readRuns, readSchedules} from '../schedule-table.ts'
import {
  JobRun,
  RunList,
  RunsQuery,
  Schedule,
  ScheduleList,
  ScheduleParams,
  type ScheduleView,
} from '../schemas/schedules.ts'
import {pageOf} from './asked.ts'
import {ADMIN, optionsOf} from './options.ts'

export interface ScheduleDeps {
  readonly db: Session
  readonly cursors: Cursors
}

const STEER = [
  ['pause', true, 'Let a job not run by itself'],
  ['resume', false, 'Let a paused job run by itself again'],
] as const

export function addScheduleRoutes(app: Api, {db, cursors}: ScheduleDeps): void {
  app.get(
    '/v1/admin/schedules',
    optionsOf('admin', ADMIN, {
      operationId: 'listSchedules',
      summary: 'Jobs that run by themselves, with their last run',
      response: {200: ScheduleList},
      csv: ({items}: Static<typeof ScheduleList>) => ({
        columns: columnsOf(Schedule),
        rows: items.map(item => ({
          ...item,
          after: item.after.join(' '),
          latest: item.latest.map(({state}) => state).join(' '),
        })),
      }),
    }),
    async () => ({items: [...(await readSchedules(db))]}),
  )

  app.get(
    '/v1/admin/schedules/:job/runs',
    optionsOf('admin', ADMIN, {
      operationId: 'listJobRuns',
      summary: 'Runs of a job, newest first',
      description: 'Also of one that is not declared any more, as long as they are kept.',
      params: ScheduleParams,
      querystring: RunsQuery,
      response: {200: RunList},
      csv: ({items}: Static<typeof RunList>) => ({
        columns: columnsOf(JobRun),
        rows: items.map(item => ({...item, result: toJsonCell(item.result)})),
      }),
    }),
    async ({params: {job}, query}) => {
      const {limit, after, pageTo} = pageOf<string>(cursors, ['job-runs', job], query)
      const items = await readRuns(db, job, {limit: limit + 1, before: after})
      const shown = items.slice(0, limit)
      return {
        items: [...shown],
        page: pageTo(items.length > limit ? shown.at(-1)!.id : null),
      }
    },
  )
  addSteering(app, db)
}

function addSteering(app: Api, db: Session): void {
  app.post(
    '/v1/admin/schedules/:job/run',
    optionsOf('admin', ADMIN, {
      operationId: 'runJob',
      summary: 'Run a job now',
      description:
        'A worker takes it within a second or two. Jobs that come after it alone follow it. A paused one runs this once.',
      params: ScheduleParams,
      response: {201: JobRun},
      problems: ['not-found', 'conflict'],
    }),
    async ({params: {job}}, reply) => {
      const {off} = await readOne(db, job)
      if (off !== null) throw new Problem('conflict', `job ${job} does not run here: ${off}`)
      const run = await askJob(db, job)
      if (run !== undefined) return reply.code(201).send(run)
      throw new Problem('conflict', `job ${job} has a run that has not ended`)
    },
  )
  for (const [verb, isPaused, summary] of STEER) {
    app.post(
      `/v1/admin/schedules/:job/${verb}`,
      optionsOf('admin', ADMIN, {
        operationId: `${verb}Job`,
        summary,
        description:
          'What comes due while it is paused is not made up for. A run that is under way goes on.',
        params: ScheduleParams,
        response: {200: Schedule},
        problems: ['not-found'],
      }),
      async ({params: {job}}) => {
        await readOne(db, job)
        await pauseJob(db, job, isPaused)
        return await readOne(db, job)
      },
    )
  }
}

async function readOne(db: Session, job: string): Promise<ScheduleView> {
  const [found] = await readSchedules(db, job)
  if (found !== undefined) return found
  const names = (await readSchedules(db)).map(one => one.job)
  const known =
    names.length === 0 ? 'no worker has written any down' : `there are ${names.join(', ')}`
  throw new Problem('not-found', `there is no job ${String(showValue(job))}; ${known}`, {
    errors: [{in: 'path', field: 'job', detail: 'no such job', value: showValue(job)}],
  })
}

/** Addresses of streams that this pipeline does not have: they say so, and which it has. */
import {findRole, ROLES, type Role, type Stream} from '../../contracts/stream.ts'
import {isSample} from '../../db/sample-tables.ts'
import type {Api} from '../app.ts'
import {noRole, Problem} from '../problem.ts'
import {UNCACHED} from './options.ts'

const BELOW_CONTENT = '/v1/content/:id/*'

const READ_OF: Readonly<Record<Role, readonly string[]>> = {
  content: ['/v1/content', '/v1/content/*'],
  engagement: [
    BELOW_CONTENT,
    '/v1/events/*',
    '/v1/top',
    '/v1/active',
    '/v1/live/content/*',
    '/v1/live/leaderboard',
  ],
  activity: ['/v1/users/*', '/v1/pages'],
}
const WRITTEN_OF: Readonly<Record<Role, readonly string[]>> = {
  content: [],
  engagement: ['/v1/engagement-events'],
  activity: [
    '/v1/activity-events',
    '/v1/activity-requests/*',
    '/api/activity',
    '/api/activity/requests/*',
  ],
}

interface Absent {
  readonly path: string
  readonly problem: Problem
}

const notWritten = ({name, table}: Stream): Problem =>
  new Problem('not-found', `${name} is of ${table} here, which its application writes, by SQL`)

/** What is not there, and why. Pure. */
export function absentOf(streams: readonly Stream[]): readonly Absent[] {
  const at = (problem: Problem, paths: readonly string[]): readonly Absent[] =>
    paths.map(path => ({path, problem}))
  return ROLES.flatMap(role => {
    const stream = findRole(streams, role)
    if (stream !== undefined) {
      return isSample(stream) ? [] : at(notWritten(stream), WRITTEN_OF[role])
    }
    const paths = [...READ_OF[role], ...WRITTEN_OF[role]]
    // Without contents there is nothing below one, whatever else is missing.
    const hasContents = findRole(streams, 'content') !== undefined
    return at(
      noRole(role, streams),
      paths.filter(path => path !== BELOW_CONTENT || hasContents),
    )
  })
}

export function addAbsentRoutes(app: Api, streams: readonly Stream[]): void {
  for (const {path, problem} of absentOf(streams)) {
    app.route({
      method: ['GET', 'POST', 'PATCH', 'DELETE'],
      url: path,
      exposeHeadRoute: false,
      config: UNCACHED,
      schema: {hide: true},
      // Whatever is asked of it: before its parameters are looked at.
      onRequest: async () => await Promise.reject(problem),
      handler: () => undefined,
    })
  }
}

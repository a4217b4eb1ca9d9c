/** API keys for administrators, and the exchange of a key for a browser's cookie. */
import {Type, type Static} from 'typebox'
import {findRole, ROLES, type Stream} from '../../contracts/stream.ts'
import {makeSession} from '../access.ts'
import type {Api, AppOptions, Deps} from '../app.ts'
import {columnsOf} from '../csv.ts'
import {judgePlanned} from '../event-table.ts'
import {SESSION_COOKIE} from '../plugins/auth.ts'
import {notFound, Problem, refuse} from '../problem.ts'
import {CreatedKey, KeyList, KeyParams, KeySchema, NewKeyBody, Session} from '../schemas/keys.ts'
import {ADMIN, optionsOf, UNCACHED} from './options.ts'

const SESSION_MS = 12 * 3_600_000

export function addKeyRoutes(app: Api, {keys, streams}: Deps, options: AppOptions): void {
  app.get(
    '/v1/admin/keys',
    optionsOf('admin', ADMIN, {
      operationId: 'listKeys',
      summary: 'All keys, without their secrets',
      response: {200: KeyList},
      csv: ({items}: Static<typeof KeyList>) => ({columns: columnsOf(KeySchema), rows: items}),
    }),
    async () => ({items: await keys.list()}),
  )
  app.post(
    '/v1/admin/keys',
    optionsOf('admin', ADMIN, {
      operationId: 'createKey',
      summary: 'Make a key',
      body: NewKeyBody,
      response: {201: CreatedKey},
    }),
    async ({body}, reply) => {
      const expires = body.expires_at ?? null
      if (expires !== null) {
        const detail =
          judgePlanned(expires) ??
          (Date.parse(expires) <= Date.now() ? 'is in the past' : undefined)
        if (detail !== undefined) throw refuse('body', '/expires_at', expires, detail)
      }
      return reply.code(201).send(await keys.create(body.name, body.scopes, expires))
    },
  )
  app.delete(
    '/v1/admin/keys/:prefix',
    optionsOf('admin', ADMIN, {
      operationId: 'revokeKey',
      summary: 'Revoke a key',
      description: 'Other API processes know it within two seconds.',
      params: KeyParams,
      response: {204: Type.Null({description: 'revoked'})},
      problems: ['not-found'],
    }),
    async ({params}, reply) => {
      if (!(await keys.revoke(params.prefix))) throw notFound('valid key', params.prefix)
      return reply.code(204).send(null)
    },
  )
  addSessionRoutes(app, streams, options)
}

function addSessionRoutes(app: Api, streams: readonly Stream[], options: AppOptions): void {
  const roles = ROLES.filter(role => findRole(streams, role) !== undefined)
  const cookie = {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: options.production,
  } as const
  app.get(
    '/v1/session',
    optionsOf('access', UNCACHED, {
      operationId: 'getSession',
      summary: 'Who am I',
      response: {200: Session},
    }),
    ({principal}) => ({...principal, roles}),
  )
  app.post(
    '/v1/session',
    optionsOf('access', UNCACHED, {
      operationId: 'openSession',
      summary: 'Exchange the key of this request for a cookie',
      description: 'The cookie is HttpOnly and SameSite=Strict and lasts twelve hours.',
      response: {200: Session},
    }),
    ({principal}, reply) => {
      if (principal.by === 'cookie') {
        throw new Problem('forbidden', 'a cookie cannot make another one: send the key')
      }
      if (principal.by === 'key') {
        const until = Date.now() + SESSION_MS
        const value = makeSession(options.secret, principal.id, until)
        reply.setCookie(SESSION_COOKIE, value, {...cookie, maxAge: SESSION_MS / 1000})
      }
      return {...principal, roles}
    },
  )
  app.delete(
    '/v1/session',
    optionsOf('access', UNCACHED, {
      operationId: 'closeSession',
      summary: 'Forget the cookie',
      response: {204: Type.Null({description: 'forgotten'})},
    }),
    (_request, reply) => reply.clearCookie(SESSION_COOKIE, cookie).code(204).send(null),
  )
}

/** API keys for administrators, and the exchange of a key for a browser's cookie. */
import {Type} from 'typebox'
import {makeSession, SCOPES} from '../access.ts'
import type {Api, AppOptions, Deps} from '../app.ts'
import {judgeTime} from '../event-table.ts'
import {SESSION_COOKIE} from '../plugins/auth.ts'
import {notFound, Problem, refuse} from '../problem.ts'
import {closed, nullable, oneOf, optional, textOf, Time} from '../schemas/common.ts'
import {WrittenTime} from '../schemas/content.ts'
import {ADMIN, optionsOf} from './options.ts'

const SESSION_MS = 12 * 3_600_000

const KeyFields = {
  prefix: Type.String({description: 'the readable part of the key'}),
  name: Type.String(),
  scopes: Type.Array(oneOf(SCOPES)),
  created_at: Time,
  expires_at: nullable(Time),
  revoked_at: nullable(Time),
  last_used_at: nullable(Time),
}
const KeySchema = closed(KeyFields)
const CreatedKey = closed({
  ...KeyFields,
  key: Type.String({description: 'shown now and never again'}),
})
const NewKeyBody = closed({
  name: textOf(100),
  scopes: Type.Array(oneOf(SCOPES), {minItems: 1, maxItems: 3, uniqueItems: true}),
  ...optional({expires_at: nullable(WrittenTime)}),
})

const YEARS_MS = 100 * 365 * 86_400_000

export function addKeyRoutes(app: Api, deps: Deps, options: AppOptions): void {
  const {keys} = deps
  app.get(
    '/v1/admin/keys',
    optionsOf('admin', ADMIN, {
      summary: 'All keys, without their secrets',
      response: {200: closed({items: Type.Array(KeySchema)})},
    }),
    async () => ({items: (await keys.list()).map(row => ({...row, scopes: [...row.scopes]}))}),
  )
  app.post(
    '/v1/admin/keys',
    optionsOf('admin', ADMIN, {
      summary: 'Make a key',
      body: NewKeyBody,
      response: {201: CreatedKey},
    }),
    async ({body}, reply) => {
      const expires = body.expires_at ?? null
      if (expires !== null) {
        const detail =
          judgeTime(expires, Date.now() + YEARS_MS) ??
          (Date.parse(expires) <= Date.now() ? 'is in the past' : undefined)
        if (detail !== undefined) throw refuse('body', '/expires_at', expires, detail)
      }
      const created = await keys.create(body.name, body.scopes, expires)
      return reply.code(201).send({...created, scopes: [...created.scopes]})
    },
  )
  app.delete(
    '/v1/admin/keys/:prefix',
    optionsOf('admin', ADMIN, {
      summary: 'Revoke a key',
      description: 'Other API processes know it within two seconds.',
      params: closed({prefix: Type.String({pattern: '^[a-z2-7]{8}$'})}),
      response: {204: Type.Null({description: 'revoked'})},
      problems: ['not-found'],
    }),
    async ({params}, reply) => {
      if (!(await keys.revoke(params.prefix))) throw notFound('valid key', params.prefix)
      return reply.code(204).send(null)
    },
  )
  addSessionRoutes(app, deps, options)
}

const Session = closed({
  id: Type.String(),
  scopes: Type.Array(oneOf(SCOPES)),
  by: oneOf(['key', 'cookie', 'open']),
})

function addSessionRoutes(app: Api, _deps: Deps, options: AppOptions): void {
  const cookie = {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: options.production,
  } as const
  app.get(
    '/v1/session',
    optionsOf(
      'access',
      {scope: 'read'},
      {
        summary: 'Who am I',
        response: {200: Session},
      },
    ),
    ({principal}) => ({...principal, scopes: [...principal.scopes]}),
  )
  app.post(
    '/v1/session',
    optionsOf(
      'access',
      {scope: 'read'},
      {
        summary: 'Exchange the key of this request for a cookie',
        description: 'The cookie is HttpOnly and SameSite=Strict and lasts twelve hours.',
        response: {200: Session},
      },
    ),
    ({principal}, reply) => {
      if (principal.by === 'cookie') {
        throw new Problem('forbidden', 'a cookie cannot make another one: send the key')
      }
      if (principal.by === 'key') {
        const until = Date.now() + SESSION_MS
        const value = makeSession(options.secret, principal.id, until)
        reply.setCookie(SESSION_COOKIE, value, {...cookie, maxAge: SESSION_MS / 1000})
      }
      return {...principal, scopes: [...principal.scopes]}
    },
  )
  app.delete(
    '/v1/session',
    optionsOf(
      'access',
      {scope: 'read'},
      {
        summary: 'Forget the cookie',
        response: {204: Type.Null({description: 'forgotten'})},
      },
    ),
    (_request, reply) => reply.clearCookie(SESSION_COOKIE, cookie).code(204).send(null),
  )
}

/** Alerts: what is wrong or was, seen and muted by people. */
import type {Static} from 'typebox'
import {acknowledgeAlert, listAlerts, muteAlert, readAlert} from '../alert-table.ts'
import type {Api} from '../app.ts'
import {columnsOf} from '../csv.ts'
import type {Cursors} from '../cursor.ts'
import type {Database} from '../database.ts'
import {judgePlanned} from '../event-table.ts'
import {notFound, refuse} from '../problem.ts'
import {
  AlertList,
  AlertMute,
  AlertParams,
  AlertQuery,
  AlertSchema,
  type Alert,
} from '../schemas/alerts.ts'
import {pageOf} from './asked.ts'
import {openFigures, LIVE, sendStream, streaming, type FigureDeps} from './live-open.ts'
import {optionsOf, READ, WRITE} from './options.ts'

export interface AlertDeps extends FigureDeps {
  readonly db: Database
  readonly cursors: Cursors
}

const toTable = (rows: readonly Alert[]) => ({
  columns: columnsOf(AlertSchema),
  rows: [...rows],
})

const orNotFound = (alert: Alert | undefined, id: string): Alert => {
  if (alert === undefined) throw notFound('alert', id)
  return alert
}

export function addAlertRoutes(app: Api, deps: AlertDeps): void {
  const {db, cursors} = deps
  app.get(
    '/v1/alerts',
    optionsOf('alerts', READ, {
      operationId: 'listAlerts',
      summary: 'Alerts, the newest first',
      querystring: AlertQuery,
      response: {200: AlertList},
      csv: ({items}: Static<typeof AlertList>) => toTable(items),
    }),
    async ({query}) => {
      const {status, severity, source} = query
      const page = pageOf<string>(cursors, ['alerts', status, severity, source], query)
      const {limit, after: before} = page
      const rows = await listAlerts(db, query, {limit: limit + 1, before})
      const items = rows.slice(0, limit)
      return {items, page: page.pageTo(rows.length > limit ? items.at(-1)!.id : null)}
    },
  )
  app.get(
    '/v1/alerts/:id',
    optionsOf('alerts', READ, {
      operationId: 'getAlert',
      summary: 'One alert',
      params: AlertParams,
      response: {200: AlertSchema},
      problems: ['not-found'],
      csv: (alert: Alert) => toTable([alert]),
    }),
    async ({params: {id}}) => orNotFound(await readAlert(db, id), id),
  )
  addWordRoutes(app, db)
  app.get(
    '/v1/alerts/live',
    streaming(LIVE, 'alerts', {
      operationId: 'streamAlerts',
      summary: 'What is open, and what was resolved last, as it changes',
      description: 'Events: `alerts`, `stale`, `dropped`.',
    }),
    async (request, reply) =>
      sendStream(reply, await openFigures(deps, request, {kind: 'alerts', id: ''})),
  )
}

function addWordRoutes(app: Api, db: Database): void {
  app.post(
    '/v1/alerts/:id/acknowledge',
    optionsOf('alerts', WRITE, {
      operationId: 'acknowledgeAlert',
      summary: 'Say that somebody has seen it',
      description: 'It stays open until what is wrong is over.',
      params: AlertParams,
      response: {200: AlertSchema},
      problems: ['not-found'],
    }),
    async ({params: {id}, principal}) =>
      orNotFound(await acknowledgeAlert(db, id, principal.id), id),
  )
  app.post(
    '/v1/alerts/:id/mute',
    optionsOf('alerts', WRITE, {
      operationId: 'muteAlert',
      summary: 'Send nothing of this row until then',
      description: 'Neither its end nor further alerts of the same rule and row are sent before.',
      params: AlertParams,
      body: AlertMute,
      response: {200: AlertSchema},
      problems: ['not-found'],
    }),
    async ({params: {id}, body: {until}}) => {
      const detail = until === null ? undefined : judgePlanned(until)
      if (detail !== undefined) throw refuse('body', '/until', until, detail)
      return orNotFound(await muteAlert(db, id, until), id)
    },
  )
}

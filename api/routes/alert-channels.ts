/** Where alerts are sent, and what became of the messages: for administrators. */
import {Type, type Static} from 'typebox'
import {
  checkChannel,
  deleteChannel,
  discardDelivery,
  insertChannel,
  listChannels,
  listDeliveries,
  redriveDelivery,
} from '../alert-channel-table.ts'
import type {Api} from '../app.ts'
import {columnsOf} from '../csv.ts'
import type {Cursors} from '../cursor.ts'
import type {Database} from '../database.ts'
import {notFound} from '../problem.ts'
import {
  AlertChannelList,
  AlertChannelParams,
  AlertChannelSchema,
  AlertDelivery,
  AlertDeliveryList,
  AlertDeliveryParams,
  AlertDeliveryQuery,
  CreatedAlertChannel,
  NewAlertChannel,
} from '../schemas/alerts.ts'
import {pageOf} from './asked.ts'
import {ADMIN, optionsOf} from './options.ts'

export interface AlertChannelDeps {
  readonly db: Database
  readonly cursors: Cursors
}

export function addAlertChannelRoutes(app: Api, {db, cursors}: AlertChannelDeps): void {
  app.get(
    '/v1/alerts/channels',
    optionsOf('alerts', ADMIN, {
      operationId: 'listAlertChannels',
      summary: 'All channels, without their secrets',
      response: {200: AlertChannelList},
      csv: ({items}: Static<typeof AlertChannelList>) => ({
        columns: columnsOf(AlertChannelSchema),
        rows: items,
      }),
    }),
    async () => ({items: [...(await listChannels(db))]}),
  )
  app.post(
    '/v1/alerts/channels',
    optionsOf('alerts', ADMIN, {
      operationId: 'createAlertChannel',
      summary: 'Make a channel that rules can send to',
      body: NewAlertChannel,
      response: {201: CreatedAlertChannel},
      problems: ['conflict'],
    }),
    async ({body}, reply) => {
      checkChannel(body)
      return reply.code(201).send({...body, secret: await insertChannel(db, body)})
    },
  )
  app.delete(
    '/v1/alerts/channels/:name',
    optionsOf('alerts', ADMIN, {
      operationId: 'deleteAlertChannel',
      summary: 'Delete a channel, with what waits for it',
      params: AlertChannelParams,
      response: {204: Type.Null({description: 'deleted'})},
      problems: ['not-found', 'conflict'],
    }),
    async ({params: {name}}, reply) => {
      if (!(await db.transaction(session => deleteChannel(session, name)))) {
        throw notFound('channel', name)
      }
      return reply.code(204).send(null)
    },
  )
  addDeliveryRoutes(app, {db, cursors})
}

function addDeliveryRoutes(app: Api, {db, cursors}: AlertChannelDeps): void {
  app.get(
    '/v1/alerts/deliveries',
    optionsOf('alerts', ADMIN, {
      operationId: 'listAlertDeliveries',
      summary: 'Messages, the newest first',
      querystring: AlertDeliveryQuery,
      response: {200: AlertDeliveryList},
      csv: ({items}: Static<typeof AlertDeliveryList>) => ({
        columns: columnsOf(AlertDelivery),
        rows: items,
      }),
    }),
    async ({query}) => {
      const {state, channel} = query
      const page = pageOf<string>(cursors, ['alert deliveries', state, channel], query)
      const {limit, after: before} = page
      const rows = await listDeliveries(db, query, {limit: limit + 1, before})
      const items = rows.slice(0, limit)
      return {items, page: page.pageTo(rows.length > limit ? items.at(-1)!.id : null)}
    },
  )
  for (const [verb, {operationId, summary, run}] of Object.entries(DELIVERY_VERBS)) {
    app.post(
      `/v1/alerts/deliveries/:id/${verb}`,
      optionsOf('alerts', ADMIN, {
        operationId,
        summary,
        params: AlertDeliveryParams,
        response: {200: AlertDelivery},
        problems: ['not-found', 'conflict'],
      }),
      async ({params: {id}}) => {
        const row = await db.transaction(session => run(session, id))
        if (row === undefined) throw notFound('message', id)
        return row
      },
    )
  }
}

/** What can be done about a dead letter. */
const DELIVERY_VERBS = {
  redrive: {
    operationId: 'redriveAlertDelivery',
    summary: 'Send a dead letter again, under its id',
    run: redriveDelivery,
  },
  discard: {
    operationId: 'discardAlertDelivery',
    summary: 'Decide that a dead letter needs nothing more',
    run: discardDelivery,
  },
} as const

/** Dead letters for administrators: found, looked at, driven again or discarded, one or many. */
import type {Static} from 'typebox'
import {deadLetterTopic} from '../../contracts/topics.ts'
import type {Api} from '../app.ts'
import {columnsOf, toJsonCell} from '../csv.ts'
import {parseInstant} from '../period.ts'
import {
  RESOLUTIONS,
  type DeadLetters,
  type LetterFilter,
  type Verb,
} from '../pipeline/dead-letters.ts'
import {refuse} from '../problem.ts'
import {
  DeadLetter,
  DeadLetterList,
  DeadLetterOutcome,
  DeadLetterParams,
  DeadLettersQuery,
  DeadLetterWithPayload,
  ResolveBody,
  ResolvedLetters,
} from '../schemas/dead-letters.ts'
import {ADMIN, optionsOf} from './options.ts'

/** @throws 422 naming the field */
function toFilter(
  where: 'query' | 'body',
  {topic, reason, from, to}: Pick<Static<typeof ResolveBody>, 'topic' | 'reason' | 'from' | 'to'>,
): LetterFilter {
  const at = (field: string, text: string | undefined): string | undefined =>
    text === undefined ? undefined : new Date(parseInstant(field, text, 'UTC', where)).toISOString()
  const filter = {topic, reason, from: at('from', from), to: at('to', to)}
  if (filter.from !== undefined && filter.to !== undefined && filter.from >= filter.to) {
    throw refuse(where, 'to', to, `must be later than from, ${from}`)
  }
  return filter
}

const COLUMNS = columnsOf(DeadLetter)

export function addDeadLetterRoutes(
  app: Api,
  {deadLetters}: {readonly deadLetters: DeadLetters},
): void {
  app.get(
    '/v1/admin/dead-letters',
    optionsOf('admin', ADMIN, {
      operationId: 'listDeadLetters',
      summary: 'What could not be published or applied, newest first',
      description: `Rows of the outbox, and records of the topics that end in ${deadLetterTopic('')}.`,
      querystring: DeadLettersQuery,
      response: {200: DeadLetterList},
      csv: ({items}: Static<typeof DeadLetterList>) => ({columns: COLUMNS, rows: items}),
    }),
    async ({query}) => {
      const filter = {...toFilter('query', query), state: query.state}
      const list = await deadLetters.list(filter, query.limit ?? 50)
      return {...list, groups: await deadLetters.groups()}
    },
  )
  app.get(
    '/v1/admin/dead-letters/:id',
    optionsOf('admin', ADMIN, {
      operationId: 'getDeadLetter',
      summary: 'One dead letter, with what could not be handled',
      params: DeadLetterParams,
      response: {200: DeadLetterWithPayload},
      problems: ['not-found'],
      csv: (letter: Static<typeof DeadLetterWithPayload>) => ({
        columns: [...COLUMNS, 'payload'],
        rows: [{...letter, payload: toJsonCell(letter.payload)}],
      }),
    }),
    async ({params: {id}}) => await deadLetters.get(id),
  )
  addVerb(app, deadLetters, 'redrive', 'Read the row again and publish it through the outbox')
  addVerb(app, deadLetters, 'discard', 'Decide that the dead letter needs nothing more')
}

function addVerb(app: Api, deadLetters: DeadLetters, verb: Verb, summary: string): void {
  app.post(
    `/v1/admin/dead-letters/:id/${verb}`,
    optionsOf('admin', ADMIN, {
      operationId: `${verb}DeadLetter`,
      summary,
      params: DeadLetterParams,
      response: {200: DeadLetterOutcome},
      problems: ['not-found', 'conflict'],
    }),
    async ({params: {id}}) => {
      const resolved = await deadLetters.resolve(verb, id)
      return {id, resolution: RESOLUTIONS[verb], resolved}
    },
  )
  app.post(
    `/v1/admin/dead-letters/${verb}`,
    optionsOf('admin', ADMIN, {
      operationId: `${verb}DeadLetters`,
      summary: `${summary}, for all open ones that match`,
      description:
        'The oldest first, one by one, some a call: ask again with `next` as `after` until it is null. ' +
        'What is put aside after the first call is left alone. It may be repeated.',
      body: ResolveBody,
      response: {200: ResolvedLetters},
    }),
    async ({body}) => {
      const filter = toFilter('body', body)
      const isFiltered = Object.values(filter).some(value => value !== undefined)
      if (isFiltered === (body.all === true)) {
        throw refuse('body', 'all', body.all, 'give a filter, or all: true for every open letter')
      }
      const {after, limit = 100} = body
      return await deadLetters.resolveMany(verb, filter, {after, limit})
    },
  )
}

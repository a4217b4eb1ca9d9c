/** The pages that the `type` of problems leads to: for people as HTML, for programs as JSON. */
import type {FastifyReply, FastifyRequest} from 'fastify'
import {Type, type Static, type TSchema} from 'typebox'
import type {Api} from '../app.ts'
import {preferredType} from '../plugins/answer-types.ts'
import {KINDS, PROBLEMS, typeOfProblem, type ProblemKind} from '../problem-types.ts'
import {notFound} from '../problem.ts'
import {closed, named} from '../schemas/common.ts'
import {OPEN, optionsOf} from './options.ts'

/** They change with the version of the server. */
const KEPT = {...OPEN, maxAge: 3600} as const

const ProblemType = named('ProblemType', {
  type: Type.String({description: 'as answers have it', examples: ['/problems/not-found']}),
  title: Type.String(),
  status: Type.Integer({description: 'of HTTP'}),
  cause: Type.String({description: 'how one comes to it'}),
  todo: Type.String({description: 'what to do about it'}),
})
type ProblemType = Static<typeof ProblemType>
const ProblemTypes = named('ProblemTypes', {items: Type.Array(ProblemType)})
const KindParams = closed({
  kind: Type.String({
    maxLength: 100,
    description: 'the last part of the `type` of a problem',
    examples: ['not-found'],
  }),
})

export const explain = (kind: ProblemKind): ProblemType => ({
  type: typeOfProblem(kind),
  ...PROBLEMS[kind],
})

const ESCAPES: Readonly<Record<string, string>> = {'&': '&amp;', '<': '&lt;', '>': '&gt;'}
const escape = (text: string): string => text.replaceAll(/[&<>]/g, char => ESCAPES[char]!)
const toHtml = (text: string): string => escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
dt { font-weight: 600 } dd { margin: 0 0 1rem }
</style>
<main>${body}</main>
</html>
`

const pageOf = ({type, title, status, cause, todo}: ProblemType): string =>
  page(
    title,
    `<h1>${toHtml(title)}</h1>
<dl>
<dt>Type</dt><dd><code>${type}</code>, status ${status}</dd>
<dt>Why</dt><dd>${toHtml(cause)}</dd>
<dt>What to do</dt><dd>${toHtml(todo)}</dd>
</dl>
<p><a href="/problems">All types of problems</a></p>`,
  )

const listPage = (items: readonly ProblemType[]): string =>
  page(
    'Types of problems',
    `<h1>Types of problems</h1>
<ul>
${items.map(({type, title, status}) => `<li><a href="${type}">${toHtml(title)}</a> (${status})</li>`).join('\n')}
</ul>`,
  )

const TYPES = ['application/json', 'text/html'] as const

/** HTML where that is named first, as browsers do. */
function send(request: FastifyRequest, reply: FastifyReply, body: object, html: string) {
  if (preferredType(request.headers.accept, TYPES) === 'application/json') return reply.send(body)
  return reply.type('text/html; charset=utf-8').send(html)
}

const jsonOrHtml = (schema: TSchema) =>
  Type.Unsafe<object>({
    description: 'as JSON, or with Accept: text/html as a page',
    content: {'application/json': {schema}, 'text/html': {schema: Type.String()}},
  })

/** Adds `/problems` and `/problems/{kind}`; nobody needs a key to learn what a refusal means. */
export function addProblemRoutes(app: Api): void {
  app.get(
    '/problems',
    optionsOf('problems', KEPT, {
      operationId: 'listProblemTypes',
      summary: 'All types of problems',
      response: {200: jsonOrHtml(ProblemTypes)},
      problems: ['not-acceptable'],
    }),
    (request, reply) => {
      const items = KINDS.map(explain)
      return send(request, reply, {items}, listPage(items))
    },
  )
  app.get(
    '/problems/:kind',
    optionsOf('problems', KEPT, {
      operationId: 'getProblemType',
      summary: 'What a type of problem means, and what to do',
      params: KindParams,
      response: {200: jsonOrHtml(ProblemType)},
      problems: ['not-found', 'not-acceptable'],
    }),
    (request, reply) => {
      const kind = KINDS.find(one => one === request.params.kind)
      if (kind === undefined) throw notFound('type of problem', request.params.kind)
      return send(request, reply, explain(kind), pageOf(explain(kind)))
    },
  )
}

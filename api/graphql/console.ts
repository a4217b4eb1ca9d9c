/**
 * A page to try GraphQL, in development only: ours, because the library's own loads its scripts from
 * a foreign network, which our content security policy rightly refuses.
 */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Api} from '../app.ts'
import {PAGES_CSP} from '../plugins/pages.ts'

const FOLDER = join(import.meta.dirname, 'console')
const FILES = [
  ['/graphiql', 'index.html', 'text/html; charset=utf-8'],
  ['/graphiql/console.js', 'console.js', 'text/javascript; charset=utf-8'],
  ['/graphiql/console.css', 'console.css', 'text/css; charset=utf-8'],
] as const

/** @param sdl the schema, to be read on the page */
export function addConsole(app: Api, sdl: string): void {
  const add = (path: string, type: string, text: string): void => {
    app.get(path, {config: {scope: 'read'}, schema: {hide: true}}, (_request, reply) =>
      reply
        .headers({'content-security-policy': PAGES_CSP, 'cache-control': 'no-cache'})
        .type(type)
        .send(text),
    )
  }
  for (const [path, file, type] of FILES) add(path, type, readFileSync(join(FOLDER, file), 'utf8'))
  add('/graphiql/schema.graphql', 'text/plain; charset=utf-8', sdl)
}

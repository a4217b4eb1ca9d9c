/** What refusals are called, where that is explained, and what is said of types that cannot be made. */
import {globSync, readFileSync} from 'node:fs'
import {afterAll, describe, expect, test} from 'vitest'
import {KINDS, PROBLEMS} from '../api/problem-types.ts'
import {ADMIN, composeAway} from './api-away.ts'

const {app} = await composeAway()
await app.ready()
afterAll(async () => await app.close())
const authorization = `Bearer ${ADMIN.key}`

describe('types of problems', () => {
  test('every kind that is thrown has an entry, and every entry is thrown', () => {
    const sources = globSync('api/**/*.ts').filter(
      file => !file.endsWith('.test.ts') && !file.endsWith('problem-types.ts'),
    )
    const text = sources.map(file => readFileSync(file, 'utf8')).join('\n')
    const thrown = [
      ...text.matchAll(/new Problem\(\s*'([a-z-]+)'|(?:FST_|HPE_|ERR_)\w+: \[?\s*'([a-z-]+)'/g),
    ].map(([, kind, ofCode]) => kind ?? ofCode)
    expect(thrown.length).toBeGreaterThan(20)
    expect(new Set(thrown)).toEqual(new Set(KINDS))
  })

  test('the type of a refusal leads to a page that explains it, for people and for programs', async () => {
    const refusal = await app.inject({url: '/v1/content/7', headers: {authorization}})
    const {type} = refusal.json<{type: string}>()
    expect(type).toBe('/problems/invalid-request')
    const told = await app.inject({url: type, headers: {accept: 'application/json'}})
    expect(told.json()).toEqual({type, ...PROBLEMS['invalid-request']})
    const page = await app.inject({url: type, headers: {accept: 'text/html,*/*;q=0.8'}})
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(page.body).toContain(`<h1>${PROBLEMS['invalid-request'].title}</h1>`)
    expect(page.body).toContain('<code>errors</code>')
  })

  test('all of them are listed, and an unknown one is not there', async () => {
    const {items} = (await app.inject('/problems')).json<{items: {type: string}[]}>()
    expect(items.map(({type}) => type)).toEqual(KINDS.map(kind => `/problems/${kind}`))
    const html = await app.inject({url: '/problems', headers: {accept: 'text/html'}})
    for (const {type} of items) expect(html.body).toContain(`href="${type}"`)
    const none = await app.inject('/problems/nothing')
    expect([none.statusCode, none.json<{type: string}>().type]).toEqual([
      404,
      '/problems/not-found',
    ])
  })

  test('docs/API.md lists them with their status', () => {
    const text = readFileSync('docs/API.md', 'utf8')
    for (const kind of KINDS) expect(text).toContain(`| \`${kind}\` | ${PROBLEMS[kind].status} |`)
  })
})

describe('types of answers', () => {
  test.each([
    ['a write', 'POST', '/v1/content', 'text/csv', 'application/json'],
    ['the pipeline', 'GET', '/v1/admin/pipeline', 'text/csv', 'application/json'],
    ['a list', 'GET', '/v1/content', 'application/xml', 'application/json or text/csv'],
    ['a stream', 'GET', '/v1/live/platform', 'application/json', 'text/event-stream'],
    ['a page of problems', 'GET', '/problems', 'text/csv', 'application/json or text/html'],
  ] as const)('%s is 406 with what there is', async (_what, method, url, accept, types) => {
    const answer = await app.inject({method, url, headers: {authorization, accept}})
    expect(answer.statusCode).toBe(406)
    const {detail, errors} = answer.json<{detail: string; errors: unknown[]}>()
    expect(detail).toBe(`this operation answers with ${types}`)
    expect(errors).toMatchObject([{in: 'header', field: 'accept', value: accept}])
  })
})

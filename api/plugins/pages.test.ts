import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {brotliCompressSync, brotliDecompressSync} from 'node:zlib'
import fastify from 'fastify'
import {afterEach, expect, test} from 'vitest'
import type {Api} from '../app.ts'
import {addPages, PAGES_CSP} from './pages.ts'
import {addProblems, recordRoutes} from './problems.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, {recursive: true})
})

async function setup({built = true} = {}): Promise<Api> {
  const folder = mkdtempSync(join(tmpdir(), 'pages-'))
  folders.push(folder)
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  const dist = join(folder, 'dist')
  mkdirSync(join(dist, 'assets'), {recursive: true})
  if (built) writeFileSync(join(dist, 'index.html'), '<!doctype html>')
  writeFileSync(join(dist, 'assets/index-abc.js'), 'export {}')
  writeFileSync(join(dist, 'assets/index-abc.js.br'), brotliCompressSync('export {}'))
  const app = fastify() as unknown as Api
  recordRoutes(app)
  addProblems(app)
  app.post('/v1/things', () => ({}))
  await addPages(app, dist)
  return app
}

test('INV-93: the page is served at / under a policy without anything inline or foreign', async () => {
  const app = await setup()
  const {statusCode, headers} = await app.inject('/?view=content&id=1')
  expect(statusCode).toBe(200)
  expect(headers['content-type']).toMatch(/^text\/html/)
  expect(headers['content-security-policy']).toBe(PAGES_CSP)
  expect(PAGES_CSP).not.toMatch(/unsafe|\*|https?:/)
  expect(headers['cache-control']).toBe('no-cache')
})

test('assets are kept for ever, and nothing outside of their folder is served', async () => {
  const app = await setup()
  const asset = await app.inject('/assets/index-abc.js')
  expect(asset.statusCode).toBe(200)
  expect(asset.headers['cache-control']).toContain('immutable')
  for (const path of [
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%2e%2e%2findex.html',
    '/assets/none.js',
  ]) {
    const {statusCode, body} = await app.inject(path)
    expect(statusCode, path).toBe(404)
    expect(body).not.toContain('secret"')
  }
})

test('an asset is sent as it was compressed at its build, to those who can open it', async () => {
  const app = await setup()
  const ask = (encoding: string) =>
    app.inject({url: '/assets/index-abc.js', headers: {'accept-encoding': encoding}})
  const brotli = await ask('gzip, deflate, br')
  expect(brotli.headers['content-encoding']).toBe('br')
  expect(brotli.headers['content-type']).toMatch(/javascript/)
  expect(brotli.headers['cache-control']).toContain('immutable')
  expect(brotliDecompressSync(brotli.rawPayload).toString()).toBe('export {}')
  // Not there as gzip: as it is, rather than not at all.
  const plain = await ask('gzip')
  expect([plain.headers['content-encoding'], plain.body]).toEqual([undefined, 'export {}'])
  for (const {headers} of [brotli, plain]) expect(headers['vary']).toMatch(/accept-encoding/i)
})

test('a browser gets a page at an address that is none, everybody else a problem', async () => {
  const app = await setup()
  const ask = (url: string, accept: string, method: 'GET' | 'POST' = 'GET') =>
    app.inject({url, method, headers: {accept}})
  const html = 'text/html,application/xhtml+xml,*/*;q=0.8'
  for (const url of ['/content', '/users/42', '/v1/nothing', '/content?view=users']) {
    const page = await ask(url, html)
    expect([page.statusCode, page.body]).toEqual([404, '<!doctype html>'])
    expect(page.headers['content-type']).toMatch(/^text\/html/)
    expect(page.headers['content-security-policy']).toBe(PAGES_CSP)
    expect(page.headers['cache-control']).toBe('no-store')
    for (const problem of [await ask(url, '*/*'), await ask(url, html, 'POST')]) {
      expect(problem.statusCode).toBe(404)
      expect(problem.headers['content-type']).toMatch(/^application\/problem\+json/)
    }
  }
  // An address that is one, asked in a way that it does not take.
  const other = await ask('/v1/things', html)
  expect([other.statusCode, other.headers['allow']]).toEqual([405, 'POST'])
  const unbuilt = await setup({built: false})
  expect((await unbuilt.inject({url: '/content', headers: {accept: html}})).statusCode).toBe(404)
})

test('before the pages are built, the answer says how to build them', async () => {
  const app = await setup({built: false})
  const {statusCode, body} = await app.inject('/')
  expect(statusCode).toBeGreaterThanOrEqual(404)
  expect(body).toContain('build-dashboard')
})

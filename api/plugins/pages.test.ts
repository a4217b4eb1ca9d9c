import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import fastify from 'fastify'
import {afterEach, expect, test} from 'vitest'
import type {Api} from '../app.ts'
import {addPages, PAGES_CSP} from './pages.ts'

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
  const app = fastify() as unknown as Api
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
    expect([400, 403, 404]).toContain(statusCode)
    expect(body).not.toContain('secret"')
  }
})

test('before the pages are built, the answer says how to build them', async () => {
  const app = await setup({built: false})
  const {statusCode, body} = await app.inject('/')
  expect(statusCode).toBeGreaterThanOrEqual(404)
  expect(body).toContain('build-dashboard')
})

import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {extname, join} from 'node:path'
import {brotliDecompressSync, gunzipSync, gzipSync} from 'node:zlib'
import {build} from 'vite'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'

/** What a first visit may load, compressed. Raised only with a reason. */
const BUDGET_KB = {'.js': 60, '.css': 8, '.woff2': 50}

describe('what a browser loads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pages-'))
  let files: readonly {readonly name: string; readonly body: Buffer}[] = []

  beforeAll(async () => {
    await build({
      configFile: new URL('vite.config.ts', import.meta.url).pathname,
      logLevel: 'error',
      build: {outDir: folder},
    })
    files = readdirSync(folder, {recursive: true, withFileTypes: true})
      .filter(entry => entry.isFile())
      .map(entry => ({name: entry.name, body: readFileSync(join(entry.parentPath, entry.name))}))
  }, 60_000)
  afterAll(() => rmSync(folder, {recursive: true}))

  const textOf = (extension: string): string =>
    files
      .filter(({name}) => extname(name) === extension)
      .map(({body}) => body.toString('utf8'))
      .join('\n')

  test.each(Object.entries(BUDGET_KB))('%s stays within %d kB compressed', (extension, budget) => {
    const found = files.filter(({name}) => extname(name) === extension)
    expect(found.length).toBeGreaterThan(0)
    const bytes = found.reduce((sum, {body}) => sum + gzipSync(body).length, 0)
    expect(bytes / 1000).toBeLessThanOrEqual(budget)
  })

  test('every text lies compressed beside itself, so that the budget is what travels', () => {
    const texts = files.filter(({name}) => /\.(?:js|css|html|svg)$/.test(name))
    expect(texts.length).toBeGreaterThanOrEqual(4)
    for (const {name, body} of texts) {
      const beside = (extension: string): Buffer =>
        files.find(one => one.name === `${name}${extension}`)!.body
      expect(gunzipSync(beside('.gz')).equals(body), name).toBe(true)
      expect(brotliDecompressSync(beside('.br')).equals(body), name).toBe(true)
    }
  })

  test('INV-93: nothing is loaded from elsewhere, and nothing is inline', () => {
    const html = textOf('.html')
    expect(html).toMatch(/<script [^>]*src="\/assets\//)
    expect(html).not.toMatch(/<style|style=|<script>|<script type="module">| on[a-z]+=/)
    expect(html).not.toMatch(/(?:src|href)="(?!\/)/)
    expect(textOf('.css')).not.toMatch(/url\(\s*["']?(?:https?:)?\/\/|@import/)
    expect(textOf('.js')).not.toMatch(/\beval\(|new Function\(/)
  })
})

test('INV-93: no page writes markup: texts of events can only become text', () => {
  const sources = readdirSync(import.meta.dirname, {recursive: true, encoding: 'utf8'}).filter(
    name => /\.tsx?$/.test(name) && !name.endsWith('.test.ts') && !name.startsWith('dist'),
  )
  expect(sources.length).toBeGreaterThan(30)
  const writing = sources.filter(name =>
    /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|javascript:/.test(
      readFileSync(join(import.meta.dirname, name), 'utf8'),
    ),
  )
  expect(writing).toEqual([])
})

import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {extname, join} from 'node:path'
import {brotliDecompressSync, gunzipSync, gzipSync} from 'node:zlib'
import {build} from 'vite'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'

/** What a first visit may load, compressed. Raised only with a reason. */
const BUDGET_KB = {'.js': 60, '.css': 8, '.woff2': 50}
/** What a page may load that is opened later, each part of the script. */
const LATER_KB = 9

const kilobytesOf = (bodies: readonly Buffer[]): number =>
  bodies.reduce((sum, body) => sum + gzipSync(body).length, 0) / 1000

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

  const bodiesOf = (extension: string): typeof files =>
    files.filter(({name}) => extname(name) === extension)
  /** Scripts that the document names, with those that they cannot begin without. */
  const isFirst = ({name}: {readonly name: string}): boolean =>
    extname(name) !== '.js' || textOf('.html').includes(`/${name}"`)

  test.each(Object.entries(BUDGET_KB))(
    '%s of a first visit stays within %d kB compressed',
    (extension, budget) => {
      const found = bodiesOf(extension).filter(isFirst)
      expect(found.length).toBeGreaterThan(0)
      expect(kilobytesOf(found.map(({body}) => body))).toBeLessThanOrEqual(budget)
    },
  )

  test('pages that only some look at come later, each small', () => {
    const later = bodiesOf('.js').filter(file => !isFirst(file))
    expect(later.length).toBeGreaterThan(0)
    for (const {name, body} of later)
      expect(kilobytesOf([body]), name).toBeLessThanOrEqual(LATER_KB)
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

/** Links, commands and paths in the documents lead somewhere. */
import {existsSync, globSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {describe, expect, test} from 'vitest'

const pages = [
  ...globSync('*.md'),
  ...globSync('{docs,kafdrop,deploy,db,dashboard,bench,client}/**/*.md'),
].filter(page => !page.includes('node_modules'))
const {scripts} = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}

/** Who runs the blocks of a page that say `run`. */
const RUN_BY: Readonly<Record<string, readonly string[]>> = {
  'README.md': ['test/api.stack.test.ts', 'test/first-steps.pg.test.ts'],
  'client/README.md': ['test/client-package.test.ts'],
  'docs/ALERTS.md': ['test/alerts-page.test.ts'],
  'docs/API.md': ['test/api.stack.test.ts'],
  'docs/STREAMS.md': ['test/streams-page.pg.test.ts', 'test/attach-command.long.test.ts'],
  'docs/MANAGED.md': ['test/managed.pg.test.ts'],
  'docs/METRICS.md': ['test/readmodel.stack.test.ts'],
  'docs/RELAY.md': ['test/first-steps.pg.test.ts'],
}

describe.each(pages)('%s', page => {
  const text = readFileSync(page, 'utf8')

  test('links to files that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map(
      ([, link]) => link!,
    )
    expect(links.filter(link => !existsSync(join(dirname(page), link)))).toEqual([])
  })

  test('names npm scripts that exist', () => {
    const names = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!)
    expect(names.filter(name => scripts[name] === undefined)).toEqual([])
  })

  test('names files of the project that exist', () => {
    const files = [
      ...text.matchAll(
        /`((?:api|bench|client|contracts|dashboard|db|deploy|docs|ingestor|platform|processor|readmodel|schedule|scripts|stack|test|worker)\/[\w./-]+\.\w+)`/g,
      ),
    ].map(([, file]) => file!)
    expect(files.filter(file => !existsSync(file))).toEqual([])
  })

  test('says of every block whether a test runs it, or why none does', () => {
    const marks = [...text.matchAll(/^```(\w+)(.*)$/gm)].map(([, , mark]) => mark!.trim())
    expect(marks.filter(mark => mark !== 'run' && !/^not run: \S/.test(mark))).toEqual([])
    const runners = marks.includes('run') ? RUN_BY[page] : []
    expect(runners, 'RUN_BY says who runs the blocks').toBeDefined()
    for (const runner of runners!) expect(readFileSync(runner, 'utf8')).toContain(page)
  })
})

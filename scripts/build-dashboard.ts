/**
 * Builds the pages into dashboard/dist, unless what is there was built from the same sources.
 *
 *   node scripts/launch.mjs scripts/build-dashboard.ts
 */
import {createHash} from 'node:crypto'
import {existsSync, globSync, readFileSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'

const ROOT = resolve(import.meta.dirname, '..')
const STAMP = join(ROOT, 'dashboard/dist/.built-from')
const SOURCES = [
  'dashboard/**/*.{ts,tsx,css,html,svg}',
  'client/**/*.ts',
  'contracts/**/*.ts',
  'package-lock.json',
]

function hashSources(): string {
  const hash = createHash('sha256')
  const files = globSync(SOURCES, {cwd: ROOT, exclude: ['dashboard/dist/**']})
  for (const file of files.toSorted()) hash.update(file).update(readFileSync(join(ROOT, file)))
  return hash.digest('hex')
}

const wanted = hashSources()
if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) {
  console.log('the pages are up to date')
} else {
  // Loaded only when needed: a production installation has the built pages and no bundler.
  const {build} = await import('vite')
  await build({configFile: join(ROOT, 'dashboard/vite.config.ts'), logLevel: 'warn'})
  writeFileSync(STAMP, wanted)
  console.log('the pages were built: dashboard/dist')
}

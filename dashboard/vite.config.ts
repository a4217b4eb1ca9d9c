import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {extname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {brotliCompressSync, gzipSync} from 'node:zlib'
import {defineConfig, type Plugin} from 'vite'

/** Where the API answers while the pages are being worked on (`vite dashboard`). */
const API = 'http://127.0.0.1:3000'
const apiPaths = ['/v1', '/api', '/health', '/docs', '/openapi.json', '/graphql', '/metrics']

/** What gets smaller; type comes compressed. */
const TEXTS = new Set(['.js', '.css', '.html', '.svg'])

/** Each text compressed beside itself, once and as small as it gets: the API sends it as it is. */
const compressed: Plugin = {
  name: 'compressed-beside',
  apply: 'build',
  writeBundle({dir}) {
    for (const entry of readdirSync(dir!, {recursive: true, withFileTypes: true})) {
      if (!entry.isFile() || !TEXTS.has(extname(entry.name))) continue
      const path = join(entry.parentPath, entry.name)
      const body = readFileSync(path)
      writeFileSync(`${path}.br`, brotliCompressSync(body))
      writeFileSync(`${path}.gz`, gzipSync(body, {level: 9}))
    }
  },
}

export default defineConfig({
  plugins: [compressed],
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  // Whatever builds it, also a test: without the place in the source at each element.
  oxc: {jsx: {runtime: 'automatic', importSource: 'preact', development: false}},
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The server forbids inline scripts and styles: everything is a file of its own.
    assetsInlineLimit: 0,
    modulePreload: {polyfill: false},
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(apiPaths.map(path => [path, {target: API}])),
  },
})

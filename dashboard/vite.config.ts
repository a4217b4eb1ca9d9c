import {fileURLToPath} from 'node:url'
import {defineConfig} from 'vite'

/** Where the API answers while the pages are being worked on (`vite dashboard`). */
const API = 'http://127.0.0.1:3000'
const apiPaths = ['/v1', '/api', '/health', '/docs', '/openapi.json', '/graphql', '/metrics']

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  oxc: {jsx: {runtime: 'automatic', importSource: 'preact'}},
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

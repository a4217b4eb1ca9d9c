/** A real browser for tests: Debian's chromium, driven by playwright-core, loopback only. */
import {execFile} from 'node:child_process'
import {existsSync} from 'node:fs'
import {promisify} from 'node:util'
import {chromium, type Browser} from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where the browser is; the error says how to get one. */
export function findChromium(): string {
  const named = process.env['CHROMIUM']
  const found = [...(named === undefined ? [] : [named]), ...PLACES].find(path => existsSync(path))
  if (found !== undefined) return found
  throw new Error(
    'these tests need chromium: `apt-get install chromium`, or set CHROMIUM to its path',
  )
}

/** Opens it, with the pages as their sources are now: before the API starts, which looks for them once. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium()
  await promisify(execFile)(process.execPath, ['scripts/build-dashboard.ts'])
  return await chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--js-flags=--expose-gc',
    ],
  })
}

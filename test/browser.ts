/** A real browser for tests: Debian's chromium, driven by playwright-core, loopback only. */
import {existsSync} from 'node:fs'
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

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findChromium(),
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

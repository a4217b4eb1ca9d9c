#!/usr/bin/env node
/**
 * Runs a TypeScript file, or a program of node_modules, straight after `git clone`: installs the
 * dependencies when they are missing or changed, then goes on under the Node they bring.
 *
 *   node scripts/launch.mjs FILE.ts [ARGUMENTS]
 *   node scripts/launch.mjs --bin PROGRAM [ARGUMENTS]
 *
 * Plain JavaScript, since it has to run on Node 20.
 */
import {spawn, spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {constants} from 'node:os'
import {delimiter, dirname, join, resolve} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'

const OLDEST_NODE = 20
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const MODULES = join(ROOT, 'node_modules')
const STAMP = join(MODULES, '.launch-stamp')
const LOCK = join(ROOT, '.stack/install.lock')

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/** The installation is that of the lock file: asked by a hash first, then package by package. */
function isInstalled() {
  const lockText = readFileSync(join(ROOT, 'package-lock.json'))
  const wanted = createHash('sha256')
    .update(lockText)
    .update(process.platform + process.arch)
    .digest('hex')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return true
  // Somebody ran npm: what it installed stands in a lock file of its own.
  const installed = readJson(join(MODULES, '.package-lock.json'))?.packages
  if (installed === undefined) return false
  for (const [path, {version, optional, link}] of Object.entries(
    JSON.parse(String(lockText)).packages,
  )) {
    if (path === '' || link) continue
    const found = installed[path]
    if (found === undefined ? !optional : found.version !== version) return false
  }
  if (!existsSync(join(MODULES, '.bin/node'))) return false
  writeFileSync(STAMP, wanted)
  return true
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Two launchers at once must not install into the same folder. */
async function withLock(work) {
  mkdirSync(dirname(LOCK), {recursive: true})
  for (let told = false; ; told = true) {
    try {
      writeFileSync(LOCK, String(process.pid), {flag: 'wx'})
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = Number(existsSync(LOCK) ? readFileSync(LOCK, 'utf8') : 0)
    if (holder > 0 && !isAlive(holder)) rmSync(LOCK, {force: true})
    else if (!told) process.stderr.write('another process installs the dependencies, waiting\n')
    await sleep(300)
  }
  try {
    return work()
  } finally {
    rmSync(LOCK, {force: true})
  }
}

function install() {
  if (isInstalled()) return
  process.stderr.write('installing dependencies (this takes a minute the first time)\n')
  const npm = process.env.npm_execpath
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  const options = [
    'ci',
    '--include=dev',
    '--loglevel=error',
    '--no-fund',
    '--no-audit',
    '--no-progress',
  ]
  // Only messages of npm, on stderr: what a script prints on stdout may be read by a program.
  const result = spawnSync(command, [...first, ...options], {cwd: ROOT, stdio: ['ignore', 2, 2]})
  if (result.error?.code === 'ENOENT')
    fail('npm is not installed: it comes with Node, https://nodejs.org')
  if (result.status !== 0) fail('npm ci failed: see its message above')
  if (!isInstalled()) {
    fail('node_modules holds no Node 24: allow install scripts (npm config get ignore-scripts)')
  }
}

/** The command line under the installed Node. */
function commandLine([first, ...rest]) {
  if (first === undefined || first === '--help') {
    fail('usage: node scripts/launch.mjs FILE.ts [ARGUMENTS] or --bin PROGRAM [ARGUMENTS]')
  }
  if (first !== '--bin') return [resolve(ROOT, first), ...rest]
  const [program, ...args] = rest
  const path = join(MODULES, '.bin', program ?? '')
  if (program === undefined || !existsSync(path))
    fail(`there is no program ${program} in node_modules`)
  return [realpathSync(path), ...args]
}

function run(args) {
  const bin = join(MODULES, '.bin')
  const child = spawn(realpathSync(join(bin, 'node')), args, {
    stdio: 'inherit',
    env: {
      // What was compiled once need not be again, by this command and all that it starts.
      NODE_COMPILE_CACHE: join(ROOT, '.stack/compiled'),
      ...process.env,
      PATH: [bin, process.env.PATH].join(delimiter),
    },
  })
  child.once('error', error => fail(`Node from node_modules cannot be run: ${error.message}`))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // Ctrl-C at a terminal reaches the child by itself: twice would mean "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  if (process.env.npm_lifecycle_event !== undefined) followParent(child)
  child.once('exit', (code, signal) => {
    process.exit(signal === null ? code : 128 + constants.signals[signal])
  })
}

/** The processes whose end ends us: our parent, and npm when only its shell stands between. */
function ancestors() {
  const parent = process.ppid
  try {
    // `sh -c COMMAND`: npm's way of starting us.
    if (readFileSync(`/proc/${parent}/cmdline`, 'utf8').split('\0')[1] !== '-c') return [parent]
    const stat = readFileSync(`/proc/${parent}/stat`, 'utf8')
    return [parent, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]
  } catch {
    return [parent]
  }
}

/** When npm is killed without a chance to tell us, what it started should not go on alone. */
function followParent(child) {
  const first = ancestors().join()
  setInterval(() => {
    if (ancestors().join() !== first) child.kill('SIGTERM')
  }, 500).unref()
}

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  fail(`Node ${OLDEST_NODE} or newer is needed, this is ${process.version}: https://nodejs.org`)
}
const args = process.argv.slice(2)
if (!isInstalled()) await withLock(install)
run(commandLine(args))

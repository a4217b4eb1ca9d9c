import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer, type AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {holderOf, isRunning, startTimeOf} from '../platform/process-identity.ts'
import {takeLock} from './lock.ts'
import {endProcess, openPidRecords, type PidRecord} from './pid-records.ts'
import {assertFree, freePorts} from './ports.ts'
import {createProcessStarter, tailOf, type Program, type Running} from './processes.ts'

let folder: string
const started: Running[] = []
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'stack-unit-'))))
afterEach(async () => {
  await Promise.all(started.splice(0).map(async process => await process.stop()))
  rmSync(folder, {recursive: true, force: true})
})

const setup = () => {
  const records = openPidRecords(join(folder, 'run'))
  const starter = createProcessStarter(records, name => join(folder, `${name}.log`))
  const start = (script: string, graceMs = 5000): Running => {
    const program: Program = {
      file: process.execPath,
      args: ['-e', script],
      stopSignal: 'SIGTERM',
      graceMs,
    }
    const running = starter.start('one', program)
    started.push(running)
    return running
  }
  return {records, start}
}

const FOREVER = 'setInterval(() => {}, 1000)'

test('a started process is recorded while it runs, with its output in a log', async () => {
  const {records, start} = setup()
  const running = start('console.log("hello"); process.exit(3)')
  expect(records.read('one')?.pid).toBe(running.pid)
  expect(await running.exited).toEqual({code: 3, signal: null})
  expect(records.all()).toEqual([])
  expect(tailOf(join(folder, 'one.log'), 5)).toBe('hello')
})

test('INV-81: a recorded process is ended by somebody who did not start it', async () => {
  const {records, start} = setup()
  const running = start(FOREVER)
  await endProcess(records.read('one')!)
  expect(startTimeOf(running.pid)).toBeNull()
})

test('INV-81: a recorded pid that belongs to another process by now is left alone', async () => {
  const {records, start} = setup()
  const running = start(FOREVER)
  const reused: PidRecord = {...records.read('one')!, startedAt: '1'}
  await endProcess(reused)
  expect(isRunning(records.read('one')!)).toBe(true)
  expect(running.exit()).toBeUndefined()
})

test('INV-81: a process that does not listen to the signal is ended with all it started', async () => {
  const {start} = setup()
  const child = `const c = require('node:child_process').spawn(process.execPath, ['-e', '${FOREVER}'])
    require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'child'))}, String(c.pid))
    process.on('SIGTERM', () => {}); ${FOREVER}; console.log('deaf')`
  const running = start(child, 100)
  await expect.poll(() => tailOf(join(folder, 'one.log'), 1), {timeout: 5000}).toBe('deaf')
  const grandchild = Number(readFileSync(join(folder, 'child'), 'utf8'))
  await running.stop()
  expect(running.exit()?.signal).toBe('SIGKILL')
  await expect.poll(() => startTimeOf(grandchild)).toBeNull()
})

test('a lock is held once, and void when its holder is gone', async () => {
  const path = join(folder, 'lock')
  const first = takeLock(path)
  expect(first.kind).toBe('taken')
  expect(takeLock(path)).toMatchObject({kind: 'held', holder: {pid: process.pid}})
  if (first.kind === 'taken') first.release()
  writeFileSync(path, JSON.stringify({pid: process.pid, startedAt: 'another time'}))
  expect(holderOf(path)).toBeUndefined()
  expect(takeLock(path).kind).toBe('taken')
})

test('ports in use are all named, free ones are free', async () => {
  const server = createServer()
  const {promise, resolve} = Promise.withResolvers<void>()
  server.listen({host: '127.0.0.1', port: 0}, resolve)
  await promise
  const {port} = server.address() as AddressInfo
  const [free] = await freePorts(1)
  const at = (number: number) => ({port: number, variable: 'X_PORT', owner: 'X'})
  try {
    await expect(assertFree([at(port)])).rejects.toThrow(`port ${port}, which X needs, is in use`)
    await expect(assertFree([at(free!)])).resolves.toBeUndefined()
  } finally {
    server.close()
  }
})

import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, expect, test} from 'vitest'
import {openClassArchive} from './class-archive.ts'

const cache = mkdtempSync(join(tmpdir(), 'class-archive-'))
afterEach(() => rmSync(join(cache, 'classes'), {recursive: true, force: true}))

const KAFKA = {
  name: 'kafka',
  library: '/lib/kafka-1',
  java: {home: '/java', command: '/java/bin/java'},
}
const open = (durable = true, of = KAFKA) => openClassArchive({cache, durable}, of)
const fileOf = (args: readonly string[], option: string): string =>
  args.find(arg => arg.startsWith(option))!.slice(option.length)

/** A start and an end, in which Java writes what it was told to. */
function run(code: number): void {
  const {args, onEnd} = open()
  writeFileSync(fileOf(args, '-XX:ArchiveClassesAtExit='), 'classes')
  onEnd({code, signal: null})
}

test('what an orderly end wrote is mapped at the next start, also by servers that are thrown away', () => {
  run(143)
  const archive = fileOf(open().args, '-XX:SharedArchiveFile=')
  expect(readFileSync(archive, 'utf8')).toBe('classes')
  expect(open(false).args).toEqual(open().args)
  expect(readdirSync(join(cache, 'classes'))).toHaveLength(1)
})

test('what a server wrote that failed, or was killed meanwhile, is used by nobody', () => {
  run(1)
  expect(open().args[0]).toMatch(/^-XX:ArchiveClassesAtExit=/)
  const {args, onEnd} = open()
  writeFileSync(fileOf(args, '-XX:ArchiveClassesAtExit='), 'half')
  onEnd({code: null, signal: 'SIGKILL'})
  expect(readdirSync(join(cache, 'classes'))).toEqual([])
})

test('another version of a server, or of Java, has an archive of its own', () => {
  run(143)
  for (const of of [
    {...KAFKA, library: '/lib/kafka-2'},
    {...KAFKA, java: {...KAFKA.java, home: '/java-2'}},
  ]) {
    expect(open(true, of).args[0]).toMatch(/^-XX:ArchiveClassesAtExit=/)
  }
})

test('servers that are started once, and thrown away, write none', () => {
  expect(open(false).args).toEqual([])
  expect(existsSync(join(cache, 'classes'))).toBe(false)
})

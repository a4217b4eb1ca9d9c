import {expect, test} from 'vitest'
import {findJava, parseMajor} from './java.ts'
import {parseStat} from '../platform/process-identity.ts'
import {busyMessage} from './ports.ts'
import {isNewEnough} from './redis.ts'
import {render} from './template.ts'

test('a template gets its values, and says what does not fit', () => {
  expect(render('port={{port}} again {{port}}', {port: 1})).toBe('port=1 again 1')
  expect(() => render('{{port}}', {})).toThrow('{{port}}')
  expect(() => render('', {port: 1})).toThrow('port')
})

test('the version of a Java is read from its release file and from its own words', () => {
  expect(parseMajor('JAVA_VERSION="17.0.15"')).toBe(17)
  expect(parseMajor('openjdk version "25" 2025-09-16')).toBe(25)
  expect(parseMajor('java version "1.8.0_402"')).toBe(8)
  expect(parseMajor('something else')).toBeUndefined()
})

test('a Java that was asked for is the only one looked at', () => {
  const find = () =>
    findJava({chosen: '/nowhere', home: undefined, path: process.env['PATH'] ?? ''})
  expect(find).toThrow(/Java 17 is needed.*STACK_JAVA=\/nowhere.*apt install openjdk-17/)
})

test('a process name with blanks and brackets does not move the start time', () => {
  const fields = Array.from({length: 30}, (_, index) => String(index + 4)).join(' ')
  const text = (name: string): string => `77 (${name}) S ${fields}`
  for (const name of ['java', 'a b', 'x) R (y']) {
    expect(parseStat(text(name))).toEqual({state: 'S', startedAt: '22'})
  }
})

test('a busy port is named with who needs it and what moves it', () => {
  const text = busyMessage([{port: 5432, variable: 'POSTGRES_PORT', owner: 'PostgreSQL'}])
  expect(text).toMatch(/5432.*PostgreSQL.*POSTGRES_PORT/)
})

test('Redis 6.2 and newer will do, and so will Valkey', () => {
  expect(isNewEnough('Redis server v=7.0.15 sha=0:0')).toBe(true)
  expect(isNewEnough('Valkey server v=8.0.1 sha=0:0')).toBe(true)
  expect(isNewEnough('Redis server v=6.2.6')).toBe(true)
  expect(isNewEnough('Redis server v=6.0.16')).toBe(false)
  expect(isNewEnough('')).toBe(false)
})

import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {envReader, redactUrl} from './config.ts'
import {PipelineError} from './errors.ts'
import {readDatabaseUrl, readKafkaConnection} from './connections.ts'

test('defaults are used when a variable is missing or empty', () => {
  const read = envReader({A: ''})
  expect(read.int('A', 5, {min: 1, max: 9})).toBe(5)
  expect(read.choice('B', 'x', ['x', 'y'])).toBe('x')
  expect(read.flag('C', true)).toBe(true)
  expect(() => read.finish()).not.toThrow()
})

test('all problems are reported at once, each with variable, value and what is expected', () => {
  const read = envReader({PORT: '99999', URL: 'nope', MODE: 'z', HOSTS: 'a', ON: 'yes'})
  read.int('PORT', 1, {min: 1, max: 65_535})
  read.url('URL', 'http://x', ['http:'])
  read.choice('MODE', 'x', ['x', 'y'])
  read.hosts('HOSTS', 'a:1')
  read.flag('ON', false)
  const error = (() => {
    try {
      read.finish()
      return undefined
    } catch (thrown) {
      return thrown as PipelineError
    }
  })()
  expect(error).toBeInstanceOf(PipelineError)
  expect(error?.code).toBe('CONFIG_INVALID')
  expect(error?.disposition).toBe('stop')
  for (const part of [
    'PORT="99999"',
    '1 to 65535',
    'URL="nope"',
    'MODE="z"',
    'x, y',
    'HOSTS="a"',
    'ON="yes"',
  ]) {
    expect(error?.message).toContain(part)
  }
})

test('a password never stands in a message', () => {
  expect(redactUrl('postgres://u:geheim@h:1/d')).not.toContain('geheim')
  const read = envReader({DATABASE_URL: 'mysql://u:geheim@h/d'})
  read.url('DATABASE_URL', 'postgres://h/d', ['postgres:'])
  expect(() => read.finish()).toThrow(/DATABASE_URL/)
  expect(() => read.finish()).not.toThrow(/geheim/)
})

test('SASL without credentials is refused', () => {
  const read = envReader({KAFKA_SASL_MECHANISM: 'plain'})
  readKafkaConnection(read)
  expect(() => read.finish()).toThrow(/KAFKA_USERNAME/)
})

test('a password from a file takes its place in the database URL', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'secret-')), 'password')
  writeFileSync(path, 'a b/c\n')
  const env = {DATABASE_URL: 'postgres://u@h:1/d', DATABASE_PASSWORD_FILE: path}
  expect(readDatabaseUrl(envReader(env))).toBe('postgres://u:a%20b%2Fc@h:1/d')
})

test('secret files that cannot be read are named with their variables, all at once', () => {
  const read = envReader({
    KAFKA_PASSWORD_FILE: '/nowhere/k',
    DATABASE_PASSWORD_FILE: '/nowhere/d',
    KAFKA_BROKERS: 'x',
  })
  readKafkaConnection(read)
  readDatabaseUrl(read)
  expect(() => read.finish()).toThrow(
    /KAFKA_PASSWORD_FILE="\/nowhere\/k"[^]*KAFKA_BROKERS="x"[^]*DATABASE_PASSWORD_FILE="\/nowhere\/d"/,
  )
})

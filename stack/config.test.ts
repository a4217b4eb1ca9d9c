import {describe, expect, test} from 'vitest'
import {instancePort} from '../platform/environment.ts'
import {addressOf, readStackConfig, serverPorts, servicePorts} from './config.ts'

test('without variables everything is local, on the documented ports', () => {
  const config = readStackConfig({})
  expect(config.external).toEqual([])
  expect(Object.values(config.ports).map(({port}) => port)).toEqual([
    5432, 9092, 9093, 8081, 9042, 7000, 7199, 6379, 3000, 3001, 3002, 3003,
  ])
  expect(config.connections.DATABASE_URL).toBe(
    'postgres://postgres:postgres@127.0.0.1:5432/engagement',
  )
})

test('a moved port moves the connection', () => {
  const config = readStackConfig({POSTGRES_PORT: '21000', KAFKA_PORT: '21001'})
  expect(config.connections.DATABASE_URL).toContain(':21000/')
  expect(config.connections.KAFKA_BROKERS).toBe('127.0.0.1:21001')
})

test('every problem is told at once, with the name of its variable', () => {
  const read = () =>
    readStackConfig({POSTGRES_PORT: 'x', KAFKA_HEAP: 'much', STACK: 'cloud', API_COUNT: '-1'})
  expect(read).toThrow(
    /POSTGRES_PORT="x"[\s\S]*STACK="cloud"[\s\S]*KAFKA_HEAP="much"[\s\S]*API_COUNT/,
  )
})

test('two parts on one port are a mistake that names both variables', () => {
  expect(() => readStackConfig({REDIS_PORT: '5432'})).toThrow(
    'REDIS_PORT and POSTGRES_PORT are both 5432',
  )
})

describe('a server runs elsewhere', () => {
  test('when STACK is external: all of them, at the given or the usual addresses', () => {
    const config = readStackConfig({STACK: 'external', REDIS_URL: 'redis://cache:6380'})
    expect(config.external).toHaveLength(5)
    expect(config.connections.REDIS_URL).toBe('redis://cache:6380')
    expect(config.connections.KAFKA_BROKERS).toBe('127.0.0.1:9092')
  })

  test('when its variable names another place', () => {
    const env = {SCHEMA_REGISTRY_URL: 'http://registry:8081', KAFKA_BROKERS: 'localhost:9092'}
    expect(readStackConfig(env).external).toEqual(['registry'])
  })

  test('but not when its variable names the place where ours will be', () => {
    const env = {DATABASE_URL: 'postgres://me:secret@localhost/other'}
    const config = readStackConfig(env)
    expect(config.external).toEqual([])
    expect(config.connections.DATABASE_URL).toBe(env.DATABASE_URL)
  })
})

test('a connection that says no place is refused', () => {
  expect(() => readStackConfig({DATABASE_URL: 'nowhere'})).toThrow('DATABASE_URL')
})

test('addresses are found in URLs and lists', () => {
  expect(addressOf('postgres', 'postgres://a@db/x')).toEqual({host: 'db', port: 5432})
  expect(addressOf('kafka', 'k1:9094, k2:9095')).toEqual({host: 'k1', port: 9094})
  expect(addressOf('registry', 'https://r/x')).toEqual({host: 'r', port: 443})
  expect(addressOf('cassandra', '[::1]:9042')).toEqual({host: '::1', port: 9042})
})

test('several instances of a service listen ten apart', () => {
  const config = readStackConfig({PROCESSOR_COUNT: '3', API_COUNT: '0'})
  expect(servicePorts(config).map(({port}) => port)).toEqual([3001, 3002, 3012, 3022, 3003])
  expect(instancePort(3000, 2)).toBe(3020)
  expect(serverPorts('cassandra', config).map(({variable}) => variable)).toEqual([
    'CASSANDRA_PORT',
    'CASSANDRA_STORAGE_PORT',
    'CASSANDRA_JMX_PORT',
  ])
})

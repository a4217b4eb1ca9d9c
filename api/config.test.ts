import {expect, test} from 'vitest'
import {readApiConfig} from './config.ts'

const accessOf = (env: Readonly<Record<string, string>>): string =>
  readApiConfig({API_HOST: '0.0.0.0', ...env}).config.access

test('who listens for everybody asks for keys, unless the port is published on loopback alone', () => {
  expect(accessOf({})).toBe('keys')
  expect(accessOf({API_PUBLISHED_ON: ''})).toBe('keys')
  expect(accessOf({API_PUBLISHED_ON: '127.0.0.1'})).toBe('open')
  expect(accessOf({API_PUBLISHED_ON: '127.0.0.1', API_ACCESS: 'open'})).toBe('open')
  expect(accessOf({API_PUBLISHED_ON: '127.0.0.1', API_ACCESS: 'keys'})).toBe('keys')
  expect(accessOf({API_PUBLISHED_ON: '127.0.0.1', NODE_ENV: 'production'})).toBe('keys')
})

test.each(['0.0.0.0', '::', '192.168.1.7', '127.0.0.1.example', 'api.example'])(
  'a port that is published on %s asks for keys, also where the process listens on loopback',
  publishedOn => {
    expect(accessOf({API_PUBLISHED_ON: publishedOn})).toBe('keys')
    expect(accessOf({API_HOST: '127.0.0.1', API_PUBLISHED_ON: publishedOn})).toBe('keys')
  },
)

test.each([
  {API_PUBLISHED_ON: '0.0.0.0'},
  {API_PUBLISHED_ON: ''},
  {API_PUBLISHED_ON: '127.0.0.1', NODE_ENV: 'production'},
])('open is refused, with the variable to set: %j', env => {
  expect(() => accessOf({...env, API_ACCESS: 'open'})).toThrow(
    /API_ACCESS: open is for a loopback API_HOST.*API_PUBLISHED_ON/,
  )
})

test('services of which there are to be none are asked nowhere', () => {
  const {config} = readApiConfig({API_WORKER_URLS: 'none'})
  expect(config.workerUrls).toEqual([])
  expect(config.relayUrls).toEqual(['http://127.0.0.1:3001'])
})

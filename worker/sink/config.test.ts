import {expect, test} from 'vitest'
import {envReader, type Env} from '../../platform/config.ts'
import {readSinkConfig} from './config.ts'

function read(env: Env) {
  const reader = envReader(env)
  const config = readSinkConfig(reader)
  reader.finish()
  return config
}

test('it is off by default', () => {
  expect(read({})).toMatchObject({streams: [], url: null, isTopic: false})
})

test('streams, where they go and what may be called are read', () => {
  const config = read({
    WORKER_SINK_STREAMS: 'engagement, activity',
    WORKER_SINK_URL: 'https://hooks.example/in',
    WORKER_SINK_TOPIC: 'true',
    WORKER_SINK_ALLOW: '10.0.0.0/8',
    WORKER_SINK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  })
  expect(config).toMatchObject({
    streams: ['engagement', 'activity'],
    url: 'https://hooks.example/in',
    isTopic: true,
  })
  expect(config.allow).toHaveLength(1)
})

test.each([
  [{WORKER_SINK_STREAMS: 'engagement'}, 'WORKER_SINK_STREAMS: set WORKER_SINK_URL'],
  [{WORKER_SINK_URL: 'https://a.example'}, 'WORKER_SINK_STREAMS: name the streams'],
  [{WORKER_SINK_URL: 'ftp://a.example'}, 'WORKER_SINK_URL="ftp://a.example"'],
  [
    {WORKER_SINK_STREAMS: 'a', WORKER_SINK_URL: 'https://me:pw@a.example'},
    'WORKER_SINK_URL: put what is before the @ into WORKER_SINK_AUTHORIZATION',
  ],
  [{WORKER_SINK_ALLOW: 'localhost'}, 'WORKER_SINK_ALLOW: localhost is no address'],
  [{WORKER_SINK_SECRET: 'whsec_!'}, 'WORKER_SINK_SECRET: give a secret of Standard Webhooks'],
  [{WORKER_SINK_RETRY_MS: '100', WORKER_SINK_RETRY_MAX_MS: '50'}, 'WORKER_SINK_RETRY_MAX_MS: must'],
])('%j is refused with the variable', (env, problem) => {
  expect(() => read(env as Env)).toThrow(problem)
})

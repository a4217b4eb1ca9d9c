import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {renderEnvExample, renderReference, STACK_SETTINGS} from '../scripts/configuration.ts'
import {readStackConfig} from '../stack/config.ts'

const HINT = 'run: npm run generate'

test('the reference and the example hold what the services read', () => {
  expect(readFileSync('docs/CONFIGURATION.md', 'utf8'), HINT).toBe(renderReference())
  expect(readFileSync('.env.example', 'utf8'), HINT).toBe(renderEnvExample())
})

test('every variable of the local servers is in the reference, with its default', () => {
  const names = new Set<string>()
  const spy = new Proxy<Record<string, string | undefined>>(
    {},
    {
      get(_, name) {
        if (typeof name === 'string') names.add(name)
        return undefined
      },
    },
  )
  readStackConfig(spy)
  const elsewhere =
    /^(DATABASE_URL|KAFKA_BROKERS|SCHEMA_REGISTRY_URL|REDIS_URL|CASSANDRA_(CONTACT|LOCAL)\w+|(API|RELAY|PROCESSOR|WORKER)_PORT)$/
  const own = [...names].filter(name => !elsewhere.test(name))
  const read = STACK_SETTINGS.map(s => s.name).filter(name => name !== 'ENV_FILE')
  expect(read.toSorted()).toEqual(own.toSorted())
  const defaults = Object.fromEntries(
    STACK_SETTINGS.filter(s => s.fallback !== '').map(s => [s.name, s.fallback!]),
  )
  expect(readStackConfig(defaults)).toEqual(readStackConfig({}))
})

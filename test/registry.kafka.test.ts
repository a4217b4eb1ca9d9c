/**
 * What we rely on of a schema registry, run here against Apicurio's Confluent-compatible API.
 * Confluent's own server could not be run where this is tested: the same calls are documented there.
 */
import {expect, test} from 'vitest'
import {PipelineError} from '../platform/errors.ts'
import {createRegistry} from '../platform/registry.ts'
import {engagement} from '../streams/sample/engagement.ts'
import {registryConnection} from './connections.ts'
import {testTopicPrefix} from './isolation.ts'

const subjectName = (): string => `${testTopicPrefix()}engagement_events-value`
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'resolved',
    (error: unknown) => (error instanceof PipelineError ? error.code : String(error)),
  )
const {schema} = engagement
const withField = (field: object) => ({...schema, fields: [...schema.fields, field]})

test('a schema keeps its id when it is registered again, and is found by id and by text', async () => {
  const registry = createRegistry(registryConnection())
  const subject = subjectName()
  const id = await registry.register(subject, schema)
  expect(await registry.register(subject, schema)).toBe(id)
  expect(await registry.idOf(subject, schema)).toBe(id)
  expect(await registry.schemaById(id)).toMatchObject({name: schema.name})
  expect(await registry.versions(subject)).toEqual([1])
  expect(await registry.version(subject, 1)).toMatchObject({id})
  expect(await registry.subjects()).toContain(subject)
})

test('a field with a default is a new version; one without would break readers and is refused', async () => {
  const registry = createRegistry(registryConnection())
  const subject = subjectName()
  const first = await registry.register(subject, schema)
  const optional = withField({name: 'country', type: ['null', 'string'], default: null})
  const second = await registry.register(subject, optional)
  expect(second).not.toBe(first)
  const required = withField({name: 'city', type: 'string'})
  expect(await codeOf(registry.register(subject, required))).toBe('SCHEMA_INCOMPATIBLE')
  expect(await registry.versions(subject)).toHaveLength(2)
})

test('what was never registered is unknown, by subject, by text and by id', async () => {
  const registry = createRegistry(registryConnection())
  expect(await codeOf(registry.idOf(subjectName(), schema))).toBe('SCHEMA_UNKNOWN')
  expect(await codeOf(registry.schemaById(2_000_000_000))).toBe('SCHEMA_UNKNOWN')
})

test('a registry that does not answer is told as unavailable, with its name', async () => {
  const registry = createRegistry({url: 'http://127.0.0.1:9/apis/ccompat/v7'})
  expect(await codeOf(registry.idOf('x', schema))).toBe('UPSTREAM_UNAVAILABLE')
  await expect(registry.schemaById(1)).rejects.toThrow(/schema registry/)
})

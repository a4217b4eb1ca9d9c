/** The form of the manifests, and that they say what the services read. */
import {existsSync, readFileSync} from 'node:fs'
import {parse, parseAllDocuments} from 'yaml'
import {expect, test} from 'vitest'
import {readApiConfig} from '../api/config.ts'
import {readRelayConfig} from '../ingestor/config.ts'
import {readProcessorConfig} from '../processor/config.ts'
import type {Env} from '../platform/config.ts'

const FOLDER = 'deploy/kubernetes'
const READERS: Readonly<Record<string, (env: Env) => unknown>> = {
  ingestor: readRelayConfig,
  processor: readProcessorConfig,
  api: readApiConfig,
}

interface Container {
  readonly command: readonly string[]
  readonly env?: ReadonlyArray<{readonly name: string; readonly value: string}>
  readonly securityContext: object
  readonly readinessProbe?: object
  readonly livenessProbe?: {readonly httpGet: {readonly path: string}}
}
interface Manifest {
  readonly kind: string
  readonly metadata: {readonly name: string}
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: {readonly template?: {readonly spec: {readonly containers: readonly Container[]}}}
}

const {resources} = parse(readFileSync(`${FOLDER}/kustomization.yaml`, 'utf8')) as {
  resources: readonly string[]
}
const manifests = resources.flatMap(file =>
  parseAllDocuments(readFileSync(`${FOLDER}/${file}`, 'utf8')).map(doc => {
    if (doc.errors.length > 0) throw new Error(`${file}: ${String(doc.errors[0])}`)
    return doc.toJS() as Manifest
  }),
)
const containers = manifests.flatMap(m => m.spec?.template?.spec.containers ?? [])
const find = (kind: string, name: string): Manifest | undefined =>
  manifests.find(m => m.kind === kind && m.metadata.name === name)

test.each(Object.entries(READERS))(
  '%s is configured by its manifest without a problem',
  (name, reader) => {
    const connections = find('ConfigMap', 'connections')?.data ?? {}
    const [container] = find('Deployment', name)?.spec?.template?.spec.containers ?? []
    const own = Object.fromEntries((container?.env ?? []).map(e => [e.name, e.value]))
    expect(() => reader({NODE_ENV: 'production', ...connections, ...own})).not.toThrow()
  },
)

test('every container runs a file that exists, without privileges', () => {
  expect(containers.length).toBe(4)
  for (const {command, securityContext} of containers) {
    expect(existsSync(command[1]!), command.join(' ')).toBe(true)
    expect(securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
    })
  }
})

test('services are probed: readiness by the flow, liveness by the process alone', () => {
  for (const name of Object.keys(READERS)) {
    const [container] = find('Deployment', name)?.spec?.template?.spec.containers ?? []
    expect(container?.readinessProbe, name).toMatchObject({httpGet: {path: '/health/ready'}})
    expect(container?.livenessProbe, name).toMatchObject({httpGet: {path: '/health/live'}})
    expect(find('PodDisruptionBudget', name), name).toBeDefined()
  }
})

/** The form of the manifests, and that they say what the services read. */
import {existsSync, readFileSync} from 'node:fs'
import {parse, parseAllDocuments} from 'yaml'
import {expect, test} from 'vitest'
import {readApiConfig} from '../api/config.ts'
import {readRelayConfig} from '../ingestor/config.ts'
import {readProcessorConfig} from '../processor/config.ts'
import {readWorkerConfig} from '../worker/config.ts'
import type {Env} from '../platform/config.ts'

const FOLDER = 'deploy/kubernetes'
const KEDA_FOLDER = 'deploy/kubernetes-keda'
const READERS: Readonly<Record<string, (env: Env) => unknown>> = {
  ingestor: readRelayConfig,
  processor: readProcessorConfig,
  worker: readWorkerConfig,
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
  readonly metadata: {readonly name: string; readonly labels?: Readonly<Record<string, string>>}
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: {
    readonly replicas?: number
    readonly minReplicas?: number
    readonly scaleTargetRef?: {readonly name: string}
    readonly triggers?: ReadonlyArray<{readonly metadata: Readonly<Record<string, string>>}>
    readonly template?: {readonly spec: {readonly containers: readonly Container[]}}
  }
}

interface Kustomization {
  readonly resources: readonly string[]
  readonly patches?: ReadonlyArray<{
    readonly target: {readonly kind: string; readonly name: string}
    readonly patch: string
  }>
}
const kustomizationOf = (folder: string): Kustomization =>
  parse(readFileSync(`${folder}/kustomization.yaml`, 'utf8')) as Kustomization
const readManifests = (path: string): readonly Manifest[] =>
  parseAllDocuments(readFileSync(path, 'utf8')).map(doc => {
    if (doc.errors.length > 0) throw new Error(`${path}: ${String(doc.errors[0])}`)
    return doc.toJS() as Manifest
  })

const manifests = kustomizationOf(FOLDER).resources.flatMap(file =>
  readManifests(`${FOLDER}/${file}`),
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
  expect(containers.length).toBe(5)
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

test('without KEDA nothing that needs it is applied, and no number of pods is said twice', () => {
  expect(manifests.filter(({kind}) => kind === 'ScaledObject')).toEqual([])
  for (const scaler of manifests.filter(({kind}) => kind === 'HorizontalPodAutoscaler')) {
    expect(find('Deployment', scaler.spec!.scaleTargetRef!.name)?.spec?.replicas).toBeUndefined()
  }
  expect(find('Deployment', 'ingestor')?.spec?.replicas).toBe(2)
  expect(find('Deployment', 'processor')?.spec?.replicas).toBe(2)
})

test('with KEDA the processor is scaled by the brokers of its own settings, and says no number', () => {
  const {resources, patches} = kustomizationOf(KEDA_FOLDER)
  expect(resources).toEqual(['../kubernetes', 'scaled-object.yaml'])
  const [scaler] = readManifests(`${KEDA_FOLDER}/scaled-object.yaml`)
  expect(patches?.map(({target}) => target)).toEqual([
    {kind: 'Deployment', name: scaler!.spec!.scaleTargetRef!.name},
  ])
  expect(parse(patches![0]!.patch)).toEqual([{op: 'remove', path: '/spec/replicas'}])
  const {metadata} = scaler!.spec!.triggers![0]!
  const config = readProcessorConfig(find('ConfigMap', 'connections')!.data!)
  expect(find('ConfigMap', 'connections')?.data).toHaveProperty(
    metadata['bootstrapServersFromEnv']!,
  )
  expect(metadata['consumerGroup']).toBe(config.groupId)
})

test('the init job can be applied alone, and the page says that the one before goes first', () => {
  const label = 'app.kubernetes.io/name'
  const labelled = manifests.filter(({metadata}) => metadata.labels?.[label] === 'init')
  expect(labelled.map(({kind}) => kind)).toEqual(['Job'])
  const page = readFileSync(`${FOLDER}/README.md`, 'utf8')
  expect(page).toMatch(
    /delete job init[^]*apply -k deploy\/kubernetes -l app.kubernetes.io\/name=init/,
  )
})

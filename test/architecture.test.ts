import {globSync, readFileSync} from 'node:fs'
import {dirname, join, normalize, sep} from 'node:path'
import {expect, test} from 'vitest'

/** The whole dependency policy. A folder may import itself and what is listed. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  platform: [],
  stack: ['platform'],
  db: ['contracts', 'platform'],
  streams: ['contracts', 'db'],
  readmodel: ['contracts', 'platform', 'streams'],
  ingestor: ['contracts', 'db', 'platform', 'streams'],
  processor: ['contracts', 'readmodel', 'platform', 'streams'],
  schedule: ['contracts', 'db', 'platform'],
  worker: ['contracts', 'db', 'readmodel', 'platform', 'streams', 'schedule'],
  api: ['contracts', 'db', 'readmodel', 'platform', 'streams'],
  client: ['contracts'],
  dashboard: ['client', 'contracts'],
}

/** Driver packages and the only files that may import them. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  pg: ['platform/postgres.ts'],
  'pg-listen': ['platform/listen.ts'],
  kafkajs: ['platform/kafka-kafkajs'],
  '@platformatic/kafka': ['platform/kafka-platformatic'],
  '@kafkajs/confluent-schema-registry': ['platform/registry.ts'],
  'cassandra-driver': ['platform/cassandra'],
  redis: ['platform/redis.ts'],
  'pg-boss': ['platform/jobs.ts'],
  undici: ['platform/guarded-'],
}

const RELATIVE = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g
const PACKAGE = /(?:from|import)\s*\(?\s*'([^.'][^']*)'/g

const sources = (folder: string): readonly string[] =>
  globSync(`${folder}/**/*.{ts,tsx}`, {exclude: path => path.includes('node_modules')})

/** Files of a service that may be tested beside it with drivers of their own choice. */
const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file)

test('imports follow the dependency table', () => {
  const broken: string[] = []
  for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
    for (const file of sources(folder).filter(f => !isTest(f))) {
      for (const [, target] of readFileSync(file, 'utf8').matchAll(RELATIVE)) {
        const to = normalize(join(dirname(file), target!)).split(sep)[0]!
        if (to !== folder && !allowed.includes(to)) broken.push(`${file} -> ${target}`)
      }
    }
  }
  expect(broken).toEqual([])
})

test('the relay knows no stream but by loading it, and declarations know no more of db than its tables', () => {
  const broken: string[] = []
  for (const [folder, to, allowed] of [
    ['ingestor', 'streams', ['streams/load.ts']],
    ['streams', 'db', ['db/tables.ts', 'db/shop-tables.ts', 'db/telemetry-tables.ts']],
  ] as const) {
    for (const file of sources(folder).filter(f => !isTest(f))) {
      for (const [, target] of readFileSync(file, 'utf8').matchAll(RELATIVE)) {
        const path = normalize(join(dirname(file), target!))
        if (path.startsWith(`${to}${sep}`) && !allowed.some(one => path === normalize(one))) {
          broken.push(`${file} -> ${target}`)
        }
      }
    }
  }
  expect(broken).toEqual([])
})

test('each driver is imported in one place', () => {
  const broken: string[] = []
  for (const file of Object.keys(MAY_IMPORT)
    .flatMap(sources)
    .filter(f => !isTest(f))) {
    for (const [, name] of readFileSync(file, 'utf8').matchAll(PACKAGE)) {
      const owners = DRIVERS[name!]
      if (owners !== undefined && !owners.some(owner => file.startsWith(owner))) {
        broken.push(`${file} -> ${name}`)
      }
    }
  }
  expect(broken).toEqual([])
})

test('nobody imports a main.ts, and only main.ts files and scripts read the environment', () => {
  const broken: string[] = []
  for (const file of Object.keys(MAY_IMPORT)
    .flatMap(sources)
    .filter(f => !isTest(f))) {
    const text = readFileSync(file, 'utf8')
    if (/(?:from|import)\s*\(?\s*'[^']*\/main\.ts'/.test(text))
      broken.push(`${file} imports a main`)
    const mayRead = file.endsWith('main.ts') || file.startsWith(`stack${sep}`)
    if (
      !mayRead &&
      /process\.env\b/.test(
        text.replaceAll(/^\s*(\*|\/\/).*$/gm, '').replaceAll(/\/\*\*.*?\*\//gs, ''),
      )
    ) {
      broken.push(`${file} reads process.env`)
    }
  }
  expect(broken).toEqual([])
})

/** The OpenAPI document without any server: routes are built over stores that are never asked. */
import {pino} from 'pino'
import type {Stream} from '../contracts/stream.ts'
import {PipelineError} from '../platform/errors.ts'
import {createMetrics} from '../platform/metrics.ts'
import {createRegistry} from '../platform/registry.ts'
import {loadStreams} from '../streams/load.ts'
import {composeApi, type Resources} from './compose.ts'
import {readApiConfig} from './config.ts'
import {createLate} from './late.ts'
import {lateCassandra} from './reads/stores.ts'

function nothing(): never {
  throw new PipelineError('UPSTREAM_UNAVAILABLE', 'there is no server here', {disposition: 'retry'})
}

/** Resources of a composed API that is only looked at. */
function noResources(streams: readonly Stream[]): Resources {
  const {connections} = readApiConfig({})
  const refuse = async (): Promise<never> => await Promise.resolve().then(nothing)
  const reader = {fetch: refuse, offsetsAt: refuse, close: async () => {}}
  const redis = {
    send: refuse,
    sendBinary: refuse,
    pipeline: refuse,
    pipelineBinary: refuse,
    run: refuse,
    subscribe: refuse,
    isReady: false,
    connection: 0,
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
  return {
    db: {query: refuse, transaction: refuse},
    redis,
    cassandra: createLate(refuse),
    cassandraOf: () => lateCassandra(refuse),
    keyspace: 'none',
    admin: createLate(refuse),
    registry: createRegistry(connections.registry),
    readers: {inspect: reader, tail: reader},
    log: pino({level: 'silent'}),
    registryOfMetrics: createMetrics(),
    secret: 'none',
    topicPrefix: '',
    streams,
  }
}

/** Of our own declarations, whatever this checkout declares: the pages and the client are written for these. */
export async function buildDocument<Document>(): Promise<Document> {
  const {config} = readApiConfig({STREAMS_FOLDER: 'streams/sample'})
  const streams = await loadStreams(config.streamsFolder)
  const {app} = await composeApi(noResources(streams), config)
  try {
    await app.ready()
    return JSON.parse(JSON.stringify(app.swagger())) as Document
  } finally {
    await app.close()
  }
}

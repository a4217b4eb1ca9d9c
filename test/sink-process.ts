/** The sinks of one worker, alone in a process that a test may kill. */
import {envReader} from '../platform/config.ts'
import {
  readCassandraConnection,
  readKafkaConnection,
  readRegistryConnection,
  readStreamsFolder,
} from '../platform/connections.ts'
import {runLoops, stopSignal} from '../platform/lifecycle.ts'
import {createLogger} from '../platform/log.ts'
import {createMetrics} from '../platform/metrics.ts'
import {createRegistry} from '../platform/registry.ts'
import {loadStreams} from '../streams/load.ts'
import {readSinkConfig} from '../worker/sink/config.ts'
import {createSinks} from '../worker/sink/sinks.ts'

const stop = stopSignal()
const read = envReader(process.env)
const kafka = readKafkaConnection(read)
const cassandra = readCassandraConnection(read)
const registry = createRegistry(readRegistryConnection(read))
const streams = await loadStreams(readStreamsFolder(read))
const config = readSinkConfig(read)
read.finish()
const log = createLogger('sink', 'warn')
const sinks = createSinks(
  {
    streams,
    kafka,
    cassandra,
    registry,
    metrics: createMetrics(),
    log,
    now: () => Date.now(),
  },
  config,
)
await runLoops(sinks.loops, stop)

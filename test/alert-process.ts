/** A process that runs the loops of alerts and nothing else, so that tests can kill it at any moment. */
import {setMaxListeners} from 'node:events'
import {
  readDatabaseUrl,
  readKafkaConnection,
  readRegistryConnection,
  readStreamsFolder,
} from '../platform/connections.ts'
import {envReader} from '../platform/config.ts'
import {runLoops, stopSignal} from '../platform/lifecycle.ts'
import {createLogger} from '../platform/log.ts'
import {createMetrics} from '../platform/metrics.ts'
import {createPool} from '../platform/postgres.ts'
import {createRegistry} from '../platform/registry.ts'
import {loadStreams} from '../streams/load.ts'
import {readAlertConfig} from '../worker/alerts/config.ts'
import {createAlerts} from '../worker/alerts/loops.ts'

const read = envReader(process.env)
const config = readAlertConfig(read)
const kafka = readKafkaConnection(read)
const registry = readRegistryConnection(read)
const databaseUrl = readDatabaseUrl(read)
const folder = readStreamsFolder(read)
read.finish()

const stop = stopSignal()
setMaxListeners(0, stop)
const pool = createPool(databaseUrl, {applicationName: 'alerts', connectionsMax: 10})
const loops = createAlerts(
  {
    pool,
    kafka,
    registry: createRegistry(registry),
    streams: await loadStreams(folder),
    metrics: createMetrics(),
    log: createLogger('alerts', 'info'),
  },
  config,
)
try {
  await runLoops(loops, stop)
} finally {
  await pool.end()
}

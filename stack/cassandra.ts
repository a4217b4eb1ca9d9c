/** Cassandra, a single node that keeps its ring to itself. */
import {globSync, mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {openClassArchive} from './class-archive.ts'
import type {Library} from './maven.ts'
import {QUICK_START, type Server} from './server.ts'
import {renderInto, templatePath} from './template.ts'

const LIBRARY: Library = {
  name: 'cassandra',
  version: '5.0.9',
  megabytes: 67,
  from: {pom: 'cassandra.pom.xml'},
}

/**
 * A worker without work sleeps 10 µs at a time until it gets some: at a few hundred requests a second
 * that is 46,000 context switches, and a third of a core. Timers that may be late by a millisecond
 * make it a sixth of that. Where Linux does not offer that, the server starts as usual.
 */
const LAZY_TIMERS = '{ echo 1000000 > /proc/self/timerslack_ns; } 2> /dev/null; exec "$0" "$@"'

export const cassandra: Server = {
  name: 'cassandra',
  async prepare({config, java, fetcher}) {
    const {command} = java()
    const library = await fetcher.fetch(LIBRARY)
    const classes = openClassArchive(config, {name: 'cassandra', library, java: java()})
    const data = join(config.folder, 'data/cassandra')
    const yaml = join(config.folder, 'cassandra.yaml')
    mkdirSync(data, {recursive: true})
    renderInto('cassandra.yaml', yaml, {
      port: config.ports.cassandra.port,
      storagePort: config.ports.cassandraStorage.port,
    })
    const agents = globSync(join(library, 'jamm-*.jar')).map(jar => `-javaagent:${jar}`)
    const settings = {
      'cassandra.config': pathToFileURL(yaml).href,
      'cassandra.storagedir': data,
      'cassandra.logdir': join(data, 'log'),
      'logback.configurationFile': pathToFileURL(templatePath('cassandra.logback.xml')).href,
      'cassandra-foreground': 'yes',
      'cassandra.jmx.local.port': config.ports.cassandraJmx.port,
      'cassandra.libjemalloc': '-',
      'cassandra.available_processors': config.cores,
      // One node: there is nobody to wait for.
      'cassandra.initial_token': 0,
      'cassandra.skip_wait_for_gossip_to_settle': 0,
      'cassandra.gossip_settle_min_wait_ms': 0,
      'cassandra.ring_delay_ms': 0,
      'cassandra.superuser_setup_delay_ms': 0,
      'cassandra.shutdown_announce_in_ms': 0,
      'cassandra.load_ring_state': false,
    }
    return {
      file: 'sh',
      args: [
        '-c',
        LAZY_TIMERS,
        command,
        `-Xms${config.heaps.cassandra}`,
        `-Xmx${config.heaps.cassandra}`,
        ...QUICK_START,
        ...config.jvmOptions,
        ...classes.args,
        // The agent measures objects, and changes no class.
        '-XX:+UnlockDiagnosticVMOptions',
        '-XX:+AllowArchivingWithJavaAgent',
        ...agents,
        `@${templatePath('cassandra.jvm17.args')}`,
        ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`),
        '-cp',
        `${library}/*`,
        'org.apache.cassandra.service.CassandraDaemon',
      ],
      cwd: data,
      stopSignal: 'SIGTERM',
      graceMs: 40_000,
      onEnd: classes.onEnd,
    }
  },
}

/** The schema registry: Apicurio, which speaks Confluent's API under `/apis/ccompat/v7`. */
import {globSync, mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {openClassArchive} from './class-archive.ts'
import {StackError} from './errors.ts'
import type {Library} from './maven.ts'
import type {Server} from './server.ts'

const VERSION = '2.6.13.Final'
const LIBRARY: Library = {
  name: 'apicurio-registry',
  version: VERSION,
  megabytes: 143,
  from: {artifact: `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`},
}

export const registry: Server = {
  name: 'registry',
  async prepare({config, java, fetcher}) {
    const {command} = java()
    const library = await fetcher.fetch(LIBRARY)
    const classes = openClassArchive(config, {name: 'registry', library, java: java()})
    const jar = globSync(join(library, '*-runner.jar'))[0]
    if (jar === undefined) throw new StackError(`${library} holds no registry: delete that folder`)
    const data = join(config.folder, 'data/registry')
    mkdirSync(data, {recursive: true})
    const settings = {
      HTTP_PORT: config.ports.registry.port,
      'quarkus.http.host': '127.0.0.1',
      // In a file: schema ids stand in every record in Kafka and must mean the same after a restart.
      REGISTRY_DATASOURCE_URL: `jdbc:h2:file:${join(data, 'db')}`,
      'quarkus.datasource.jdbc.initial-size': 2,
      'quarkus.datasource.jdbc.min-size': 2,
      'quarkus.datasource.jdbc.max-size': 8,
    }
    return {
      file: command,
      args: [
        '-Xms64m',
        `-Xmx${config.heaps.registry}`,
        '-XX:TieredStopAtLevel=1',
        ...config.jvmOptions,
        ...classes.args,
        ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`),
        '-jar',
        jar,
      ],
      cwd: data,
      stopSignal: 'SIGTERM',
      graceMs: 30_000,
      onEnd: classes.onEnd,
    }
  },
}

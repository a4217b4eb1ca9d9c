/** Kafka in KRaft mode: broker and controller in one process. */
import {execFile} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {existsSync, mkdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {openClassArchive} from './class-archive.ts'
import {messageOf, StackError} from './errors.ts'
import type {Library} from './maven.ts'
import {QUICK_START, type Server} from './server.ts'
import {renderInto, templatePath} from './template.ts'

const LIBRARY: Library = {
  name: 'kafka',
  version: '4.3.1',
  megabytes: 55,
  from: {pom: 'kafka.pom.xml'},
}

export const kafka: Server = {
  name: 'kafka',
  async prepare({config, java, fetcher, progress}) {
    const {command} = java()
    const library = await fetcher.fetch(LIBRARY)
    const classes = openClassArchive(config, {name: 'kafka', library, java: java()})
    const data = join(config.folder, 'data/kafka')
    const properties = join(config.folder, 'kafka.properties')
    mkdirSync(config.folder, {recursive: true})
    renderInto('kafka.server.properties', properties, {
      port: config.ports.kafka.port,
      controllerPort: config.ports.kafkaController.port,
      dataFolder: data,
    })
    const classPath = ['-cp', `${library}/*`]
    const logging = `-Dlog4j2.configurationFile=${templatePath('kafka.log4j2.properties')}`
    if (!existsSync(join(data, 'meta.properties'))) {
      progress('formatting the log folder')
      await format(command, [logging, ...classPath], {data, properties})
    }
    return {
      file: command,
      args: [
        '-Xms128m',
        `-Xmx${config.heaps.kafka}`,
        '-XX:+UseG1GC',
        '-XX:MaxGCPauseMillis=20',
        ...QUICK_START,
        ...config.jvmOptions,
        ...classes.args,
        logging,
        ...classPath,
        'kafka.Kafka',
        properties,
      ],
      // Relative paths in its logs must not land in the checkout.
      cwd: config.folder,
      stopSignal: 'SIGTERM',
      graceMs: 40_000,
      onEnd: classes.onEnd,
    }
  },
}

async function format(
  command: string,
  jvm: readonly string[],
  {data, properties}: {readonly data: string; readonly properties: string},
): Promise<void> {
  rmSync(data, {recursive: true, force: true})
  // As Kafka makes them: 16 random bytes; a leading dash would be read as an option.
  const clusterId = `0${randomBytes(16).toString('base64url').slice(1)}`
  const tool = [
    'kafka.tools.StorageTool',
    'format',
    '--standalone',
    '-t',
    clusterId,
    '-c',
    properties,
  ]
  try {
    await promisify(execFile)(command, ['-XX:TieredStopAtLevel=1', ...jvm, ...tool])
  } catch (error) {
    throw new StackError(`Kafka's log folder cannot be formatted: ${messageOf(error)}`)
  }
}

/** The reference of all settings, from the readers that the services themselves use. Pure. */
import {readApiConfig} from '../api/config.ts'
import {relaySettings} from '../ingestor/config.ts'
import type {Setting} from '../platform/config.ts'
import {initSettings} from './init.ts'
import {processorSettings} from '../processor/config.ts'
import {workerSettings} from '../worker/config.ts'

interface Group {
  readonly title: string
  readonly settings: readonly Setting[]
}

/** Settings of `npm start`; `stack/` reads them itself, so a test compares the names. */
export const STACK_SETTINGS: readonly Setting[] = [
  {
    name: 'ENV_FILE',
    fallback: '.env',
    expects: 'file with settings; none: no file, no running stack',
  },
  {name: 'STACK', fallback: 'local', expects: 'local, or external: start no servers'},
  {name: 'STACK_DIR', fallback: '.stack', expects: 'folder of data, logs and records'},
  {name: 'STACK_CACHE', fallback: '.stack/lib', expects: 'folder of downloaded servers'},
  {name: 'STACK_JAVA', fallback: '', expects: 'java 17 to use, when it is not found'},
  {name: 'JAVA_HOME', fallback: '', expects: 'where Java is looked for first'},
  {name: 'STACK_REDIS_SERVER', fallback: '', expects: 'redis-server to use'},
  {name: 'STACK_POSTGRES_VERSION', fallback: '18', expects: 'PostgreSQL that is started: 14 to 18'},
  {name: 'STACK_JVM_OPTIONS', fallback: '', expects: 'more options for every JVM'},
  {name: 'STACK_DURABLE', fallback: 'true', expects: 'false: faster, a crash may lose data'},
  {name: 'STACK_START_TIMEOUT_MS', fallback: '180000', expects: 'how long a server may take'},
  {name: 'POSTGRES_PORT', fallback: '5432', expects: 'a free port'},
  {name: 'POSTGRES_PREPARED_TRANSACTIONS', fallback: '0', expects: 'max_prepared_transactions'},
  {name: 'KAFKA_PORT', fallback: '9092', expects: 'a free port'},
  {name: 'KAFKA_CONTROLLER_PORT', fallback: '9093', expects: 'a free port'},
  {name: 'KAFKA_HEAP', fallback: '512m', expects: 'a size such as 512m or 2g'},
  {name: 'REGISTRY_PORT', fallback: '8081', expects: 'a free port'},
  {name: 'REGISTRY_HEAP', fallback: '384m', expects: 'a size such as 512m or 2g'},
  {name: 'CASSANDRA_PORT', fallback: '9042', expects: 'a free port'},
  {name: 'CASSANDRA_STORAGE_PORT', fallback: '7000', expects: 'a free port'},
  {name: 'CASSANDRA_JMX_PORT', fallback: '7199', expects: 'a free port'},
  {name: 'CASSANDRA_HEAP', fallback: '512m', expects: 'a size such as 512m or 2g'},
  {name: 'REDIS_PORT', fallback: '6379', expects: 'a free port'},
  {name: 'REDIS_MEMORY', fallback: '1g', expects: 'a size such as 512m or 2g'},
  {name: 'INGESTOR_COUNT', fallback: '1', expects: 'relays to run, 0 to 9'},
  {name: 'PROCESSOR_COUNT', fallback: '1', expects: 'processors to run, 0 to 9'},
  {name: 'WORKER_COUNT', fallback: '1', expects: 'workers to run, 0 to 9'},
  {name: 'API_COUNT', fallback: '1', expects: 'API processes to run, 0 to 9'},
]

const isOfInit = ({name}: Setting): boolean =>
  ['TOPIC_PARTITIONS', 'CASSANDRA_REPLICATION_FACTOR'].includes(name)
const isShared = (name: string): boolean => !/^(RELAY|PROCESSOR|WORKER|API)_/.test(name)

function unique(settings: readonly Setting[]): readonly Setting[] {
  return [...new Map(settings.map(setting => [setting.name, setting])).values()]
}

export function settingGroups(): readonly Group[] {
  const all = [relaySettings(), processorSettings(), workerSettings(), readApiConfig({}).settings]
  const own = (prefix: string): readonly Setting[] =>
    unique(all.flat().filter(({name}) => name.startsWith(prefix)))
  return [
    {title: 'Connections', settings: unique(all.flat().filter(({name}) => isShared(name)))},
    {title: 'Topics and tables (init)', settings: unique(initSettings().filter(isOfInit))},
    {title: 'Relay', settings: own('RELAY_')},
    {title: 'Processor', settings: own('PROCESSOR_')},
    {title: 'Worker', settings: own('WORKER_')},
    {title: 'API', settings: own('API_')},
    {title: 'Local servers (npm start)', settings: STACK_SETTINGS},
  ]
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
const shown = (fallback: string | null): string =>
  fallback === null || fallback === '' ? '' : `\`${cell(fallback)}\``

export function renderReference(): string {
  const tables = settingGroups().map(({title, settings}) => {
    const rows = settings.map(s => `| \`${s.name}\` | ${shown(s.fallback)} | ${cell(s.expects)} |`)
    return `## ${title}\n\n| variable | default | expected |\n|---|---|---|\n${rows.join('\n')}\n`
  })
  return `# Configuration

Every setting is a variable; an empty one counts as not set. Every command and service of a checkout finds
its settings in this order:

1. **variables** of the environment;
2. the file **\`.env\`** in the project's folder (\`ENV_FILE\` names another one; \`ENV_FILE=none\`: only
   variables and defaults, as in a container);
3. the settings with which the **running stack** of this checkout was started;
4. the **defaults** below.

A server's address and its port belong together: who sets \`POSTGRES_PORT\` has moved \`DATABASE_URL\`, whatever
weaker places say. So \`POSTGRES_PORT=25432 npm start\` in one terminal, and \`npm run sql\` in another one
speaks to that database. Where nothing says where the database is and another checkout's stack holds the
usual port, commands refuse and say whose it is.

All settings that cannot be used are named at once: a service ends with status 1, a command with 2.
Passwords may come from files: \`DATABASE_PASSWORD_FILE\`, \`KAFKA_PASSWORD_FILE\`,
\`SCHEMA_REGISTRY_PASSWORD_FILE\` and \`CASSANDRA_PASSWORD_FILE\` name a file with the value.

This page is written by \`npm run generate\` from the readers of the services.

${tables.join('\n')}`
}

export function renderEnvExample(): string {
  const parts = settingGroups().map(({title, settings}) => {
    const lines = settings.map(s => `# ${s.expects}\n# ${s.name}=${s.fallback ?? ''}`)
    return `# --- ${title} ---\n${lines.join('\n')}\n`
  })
  return `# Every setting with its default. Copy this file to .env and set what differs: docs/CONFIGURATION.md.\n\n${parts.join('\n')}`
}

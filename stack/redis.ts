/** Redis: the one on PATH (or Valkey), else a binary that comes in a jar. */
import {execFileSync} from 'node:child_process'
import {chmodSync, existsSync, globSync, mkdirSync} from 'node:fs'
import {delimiter, join} from 'node:path'
import {StackError} from './errors.ts'
import type {Library} from './maven.ts'
import type {Server, ServerContext} from './server.ts'
import {renderInto} from './template.ts'

/** Older ones lack GETEX, ZADD GT and `SET … PXAT`. */
const OLDEST = [6, 2] as const
const LIBRARY: Library = {
  name: 'redis',
  version: '6.2.6',
  megabytes: 10,
  from: {artifact: 'com.github.codemonstur:embedded-redis:1.4.3:jar'},
}

export const redis: Server = {
  name: 'redis',
  async prepare(context) {
    const {config} = context
    const file = await findRedis(context)
    const data = join(config.folder, 'data/redis')
    const conf = join(config.folder, 'redis.conf')
    mkdirSync(data, {recursive: true})
    renderInto('redis.conf', conf, {
      port: config.ports.redis.port,
      dataFolder: JSON.stringify(data),
      save: config.durable ? '3600 1' : '""',
      maxmemory: config.redisMemory.replace(/([mg])$/i, '$1b'),
    })
    return {file, args: [conf], cwd: data, stopSignal: 'SIGTERM', graceMs: 10_000}
  },
}

/** Whether the text of `redis-server --version` names a version that is new enough. */
export function isNewEnough(versionText: string): boolean {
  const found = /v=(\d+)\.(\d+)/.exec(versionText)
  if (found === null) return false
  const [major, minor] = [Number(found[1]), Number(found[2])]
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

function versionOf(file: string): string {
  try {
    return execFileSync(file, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return ''
  }
}

async function findRedis({config, fetcher, path}: ServerContext): Promise<string> {
  if (config.redisServer !== undefined) {
    const version = versionOf(config.redisServer)
    if (isNewEnough(version)) return config.redisServer
    throw new StackError(
      `STACK_REDIS_SERVER=${config.redisServer}: ${version.trim() || 'it cannot be run'}; ` +
        `${OLDEST.join('.')} or newer is needed`,
    )
  }
  for (const name of ['valkey-server', 'redis-server']) {
    for (const folder of path.split(delimiter)) {
      const file = join(folder, name)
      if (existsSync(file) && isNewEnough(versionOf(file))) return file
    }
  }
  const library = await fetcher.fetch(LIBRARY)
  const machine = process.arch === 'x64' ? 'amd64' : process.arch
  const file = globSync(join(library, `redis-server-*-${process.platform}-${machine}`))[0]
  if (file === undefined) {
    throw new StackError(
      `there is no redis-server on PATH and none for ${process.platform} ${process.arch} to ` +
        'download: install it (Debian: apt install redis-server)',
    )
  }
  chmodSync(file, 0o755)
  return file
}

/** All settings of all parts are read before anything starts: a bad one costs no start. */
import {readApiConfig} from '../api/config.ts'
import {readRelayConfig} from '../ingestor/config.ts'
import type {Env} from '../platform/config.ts'
import {messageOf, PipelineError} from '../platform/errors.ts'
import {readProcessorConfig} from '../processor/config.ts'
import {readStackConfig} from '../stack/config.ts'
import {readWorkerConfig} from '../worker/config.ts'
import {readInitConfig} from './init.ts'

const OF_SERVERS = [readStackConfig, readInitConfig] as const
const OF_SERVICES = [readRelayConfig, readProcessorConfig, readWorkerConfig, readApiConfig] as const

/** @throws `CONFIG_INVALID` with every problem of every part, each once */
export function checkSettings(env: Env, withServices: boolean): void {
  const problems = new Set<string>()
  for (const read of [...OF_SERVERS, ...(withServices ? OF_SERVICES : [])]) {
    try {
      read(env)
    } catch (error) {
      // The first line of several is a title.
      const lines = messageOf(error).split('\n')
      for (const line of lines.slice(lines.length > 1 ? 1 : 0)) problems.add(line.trim())
    }
  }
  if (problems.size === 0) return
  throw new PipelineError(
    'CONFIG_INVALID',
    `invalid configuration, correct these variables:\n  ${[...problems].join('\n  ')}`,
    {disposition: 'stop'},
  )
}

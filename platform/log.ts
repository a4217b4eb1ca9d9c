/** One logger per process; each part of it takes a child with its own component name. */
import {pino, type Logger} from 'pino'
import type {EnvReader} from './config.ts'

export type {Logger} from 'pino'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LEVELS)[number]

export const readLogLevel = (read: EnvReader): LogLevel => read.choice('LOG_LEVEL', 'info', LEVELS)

/** Fields that never reach a log, wherever they stand. */
const REDACT = ['password', 'authorization', 'cookie', 'apiKey', 'secret', 'sasl'].flatMap(name => [
  name,
  `*.${name}`,
  `*.*.${name}`,
])

/** @param service written into every line as `service` */
export function createLogger(service: string, level: LogLevel): Logger {
  return pino({
    level,
    base: {service, pid: process.pid},
    redact: {paths: REDACT, censor: '[redacted]'},
    timestamp: pino.stdTimeFunctions.isoTime,
  })
}

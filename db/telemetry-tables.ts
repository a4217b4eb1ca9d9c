/**
 * What machines tell, as drizzle sees it: readings of sensors, and lines of logs. `drizzle-kit generate` writes a
 * migration of telemetry/ from a change of this file.
 */
import {sql} from 'drizzle-orm'
import {bigint, check, doublePrecision, index, pgTable, text} from 'drizzle-orm/pg-core'
import {moment} from './tables.ts'

const ownId = () => bigint('id', {mode: 'number'}).primaryKey().generatedByDefaultAsIdentity()

export const readings = pgTable(
  'readings',
  {
    id: ownId(),
    device: text('device').notNull(),
    sensor: text('sensor').notNull(),
    value: doublePrecision('value').notNull(),
    unit: text('unit'),
    measuredAt: moment('measured_at').notNull(),
  },
  table => [
    index('readings_measured_at').on(table.measuredAt),
    index('readings_device').on(table.device, table.sensor, table.measuredAt),
  ],
)

/** From the least to the most severe. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const

/** What messages of one kind differ in: what is quoted, UUIDs, hexadecimal numbers, decimal ones. */
const VARIABLE_PARTS = [
  // No apostrophe within a word begins or ends a quotation.
  `(?<![[:alnum:]])('[^']*'|"[^"]*"|\`[^\`]*\`)(?![[:alnum:]])`,
  `\\y[[:xdigit:]]{8}(-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}\\y`,
  `\\y0[xX][[:xdigit:]]+\\y`,
  // Words such as "added" are made of the same letters: one digit has to be among them.
  `\\y(?=[[:alpha:]]*[[:digit:]])[[:xdigit:]]+\\y`,
  `[[:digit:]]+([.][[:digit:]]+)*`,
].join('|')

/** Of a long message only its beginning is looked at: a stack trace costs no more than a sentence. */
const FINGERPRINT = sql.raw(
  `left(regexp_replace(left("message", 1000), '${VARIABLE_PARTS.replaceAll("'", "''")}', '?', 'g'), 200)`,
)

export const logs = pgTable(
  'logs',
  {
    id: ownId(),
    service: text('service').notNull(),
    level: text('level').notNull(),
    message: text('message').notNull(),
    fingerprint: text('fingerprint').notNull().generatedAlwaysAs(FINGERPRINT),
    loggedAt: moment('logged_at').notNull(),
  },
  table => [
    check('logs_level_check', sql`${table.level} IN ('debug', 'info', 'warn', 'error', 'fatal')`),
    index('logs_logged_at').on(table.loggedAt),
    index('logs_service').on(table.service, table.loggedAt),
  ],
)

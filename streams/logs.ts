/**
 * Logs: how much each service says at which level, which share of it are errors, and which messages there are: those of one
 * kind have one fingerprint, whatever numbers, ids and quotations are in them.
 */
import {count, latest, max, min, ratio, uniques} from '../contracts/measures.ts'
import {stream} from '../contracts/stream.ts'
import {logs as logsTable} from '../db/telemetry-tables.ts'

const RATES = ['lines', 'errors', 'warnings', 'error_share'] as const

export const logs = stream({
  name: 'logs',
  table: logsTable,
  topic: 'logs',
  key: 'service',
  time: 'logged_at',
  filed: 'hour',
  measures: {
    lines: count(),
    errors: count({where: {level: ['error', 'fatal']}}),
    warnings: count({where: {level: 'warn'}}),
    error_share: ratio('errors', 'lines'),
    messages: uniques('fingerprint'),
    last_message: latest('message'),
    first_logged_at: min('logged_at'),
    last_logged_at: max('logged_at'),
  },
  rollups: [
    {
      split: ['level'],
      every: ['minute', 'hour', 'day', 'total'],
      measures: [...RATES, 'first_logged_at', 'last_logged_at'],
    },
    {
      by: 'service',
      split: ['level'],
      every: ['minute', 'hour', 'day', 'total'],
      measures: [...RATES, 'messages', 'first_logged_at', 'last_logged_at'],
    },
    // A message is new when it was logged first lately.
    {
      by: ['service', 'fingerprint'],
      split: ['level'],
      every: ['hour', 'day', 'total'],
      measures: ['lines', 'errors', 'last_message', 'first_logged_at', 'last_logged_at'],
    },
    {by: 'fingerprint', every: ['hour', 'day', 'total'], measures: ['lines', 'errors']},
  ],
  top: [
    {by: 'fingerprint', seconds: 600, measures: ['lines', 'errors']},
    {by: 'service', seconds: 600, measures: ['lines', 'errors']},
  ],
  active: [{of: 'service', seconds: 300}],
})

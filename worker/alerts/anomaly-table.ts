/** Incidents of odd readings in PostgreSQL: one open of a sensor, with its readings. */
import type {Severity} from '../../contracts/alerts.ts'
import type {Pool} from '../../platform/postgres.ts'
import {
  addReadings,
  isListed,
  subjectOf,
  summaryOfReading,
  type AnomalyDetails,
  type OddReading,
} from './anomaly-readings.ts'
import {inTransaction, query, type Session} from './database.ts'
import {tell} from './incident-table.ts'

export interface AnomalyOptions {
  readonly severity: Severity
  readonly channels: readonly string[]
  /** An incident is over after so long without an odd reading. */
  readonly quietMs: number
}

export interface AnomalyTable {
  /** Opens incidents, or adds to those that are open. What was added before changes nothing. */
  add(odd: readonly OddReading[]): Promise<void>
  /** @returns how many are over */
  resolve(): Promise<number>
}

export const ANOMALIES = 'anomalies'
const STREAM = 'readings'

interface Latest {
  readonly id: string
  readonly details: AnomalyDetails
  readonly is_open: boolean
}

export function createAnomalyTable(
  pool: Pool,
  {severity, channels, quietMs}: AnomalyOptions,
): AnomalyTable {
  const addTo = async (session: Session, odd: readonly OddReading[]): Promise<void> => {
    const [first] = odd
    const subject = subjectOf(first!)
    // Two workers may have a partition for a moment.
    await query(session, 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `${ANOMALIES}/${subject}`,
    ])
    const [latest] = await query<Latest>(
      session,
      `SELECT id, details, resolved_at IS NULL AS is_open FROM api.alert_incidents
        WHERE source = $1 AND subject = $2 ORDER BY id DESC LIMIT 1`,
      [ANOMALIES, subject],
    )
    const fresh = odd.filter(one => latest === undefined || !isListed(latest.details, one))
    const [opening] = fresh
    if (opening === undefined) return
    if (latest?.is_open === true) {
      await query(
        session,
        'UPDATE api.alert_incidents SET details = $2, changed_at = now() WHERE id = $1',
        [latest.id, JSON.stringify(addReadings(latest.details, fresh))],
      )
      return
    }
    const opened = await query<{id: string}>(
      session,
      `INSERT INTO api.alert_incidents (source, subject, rule, kind, stream, metric, severity, channels, value, expected, summary, details)
       VALUES ($1, $2, 'anomalies', 'anomaly', $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
      [
        ANOMALIES,
        subject,
        STREAM,
        opening.sensor,
        severity,
        channels,
        Number.isFinite(opening.value) ? opening.value : null,
        opening.expected,
        summaryOfReading(opening),
        JSON.stringify(addReadings(undefined, fresh)),
      ],
    )
    await tell(session, opened, 'opened')
  }

  return {
    async add(odd) {
      // In one order, so that two who add do not wait for each other.
      const bySubject = [...Map.groupBy(odd, subjectOf)].toSorted(([a], [b]) => (a < b ? -1 : 1))
      for (const [, some] of bySubject) {
        await inTransaction(pool, session => addTo(session, some))
      }
    },
    resolve: () =>
      inTransaction(pool, async session => {
        const resolved = await query<{id: string}>(
          session,
          `UPDATE api.alert_incidents SET resolved_at = now(), resolution = 'no odd reading any more'
            WHERE source = $1 AND resolved_at IS NULL AND changed_at < now() - $2 * interval '1 ms' RETURNING id`,
          [ANOMALIES, quietMs],
        )
        await tell(session, resolved, 'resolved')
        return resolved.length
      }),
  }
}

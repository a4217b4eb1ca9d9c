/** What the stream of alerts shows: read from PostgreSQL while somebody looks. */
import {listAlerts} from '../alert-table.ts'
import type {Session} from '../database.ts'
import {versionOf, type FigureSource} from './sources.ts'

const OPEN_MAX = 200
const RESOLVED_MAX = 20
const SECOND_MS = 1000

export const alertSource = (db: Session): FigureSource => ({
  kind: 'alerts',
  everyMs: SECOND_MS,
  async read() {
    const open = await listAlerts(db, {status: 'open'}, {limit: OPEN_MAX})
    const resolved = await listAlerts(db, {status: 'resolved'}, {limit: RESOLVED_MAX})
    const data = {open, resolved}
    return new Map([['', {data, version: versionOf(data)}]])
  },
})

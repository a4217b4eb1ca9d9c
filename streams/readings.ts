/** Readings of sensors: what each of a device says, and how it is spread. */
import {
  average,
  count,
  deviation,
  latest,
  max,
  min,
  quantiles,
  uniques,
} from '../contracts/measures.ts'
import {stream} from '../contracts/stream.ts'
import {readings as readingsTable} from '../db/telemetry-tables.ts'

/** Values are kept to a millionth: up to nine billion of any unit. */
const KEPT = {scale: 6} as const

export const readings = stream({
  name: 'readings',
  table: readingsTable,
  topic: 'readings',
  key: 'device',
  time: 'measured_at',
  filed: 'hour',
  measures: {
    readings: count(),
    latest: latest('value'),
    latest_unit: latest('unit'),
    lowest: min('value', KEPT),
    highest: max('value', KEPT),
    mean: average('value', KEPT),
    spread: deviation('value', KEPT),
    values: quantiles('value', {...KEPT, as: 'value'}),
    first_measured_at: min('measured_at'),
    last_measured_at: max('measured_at'),
    sensors: uniques('sensor'),
  },
  rollups: [
    {
      by: ['device', 'sensor'],
      every: ['minute', 'hour', 'day', 'total'],
      measures: [
        'readings',
        'latest',
        'latest_unit',
        'lowest',
        'highest',
        'mean',
        'spread',
        'values',
        'first_measured_at',
        'last_measured_at',
      ],
    },
    {
      by: 'device',
      every: ['minute', 'hour', 'day', 'total'],
      measures: ['readings', 'sensors', 'first_measured_at', 'last_measured_at'],
    },
    // Of all devices: what goes back exactly when a reading is corrected.
    {
      by: 'sensor',
      every: ['minute', 'hour', 'day', 'total'],
      measures: ['readings', 'mean', 'spread', 'values'],
    },
    {
      every: ['minute', 'hour', 'day', 'total'],
      measures: ['readings', 'first_measured_at', 'last_measured_at'],
    },
  ],
  top: [{by: 'device', seconds: 600, measures: ['readings', 'sensors']}],
  active: [{of: 'device', seconds: 300}],
})

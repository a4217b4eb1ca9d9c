/** Users: who registered, when and where. Demographics are parted by band of age and gender, over time. */
import {average, count, max, min, quantiles, uniques} from '../contracts/measures.ts'
import {stream} from '../contracts/stream.ts'
import {users as usersTable} from '../db/shop-tables.ts'

export const users = stream({
  name: 'users',
  table: usersTable,
  topic: 'users_created',
  key: 'id',
  time: 'registered_at',
  measures: {
    registrations: count(),
    emails: uniques('email'),
    countries: uniques('country'),
    with_age: count({of: 'age'}),
    age_avg: average('age'),
    ages: quantiles('age', {as: 'age'}),
    first_registered_at: min('registered_at'),
    last_registered_at: max('registered_at'),
  },
  rollups: [
    {split: ['age_band', 'gender'], every: ['minute', 'hour', 'day', 'total']},
    {
      by: 'country',
      split: ['age_band', 'gender'],
      every: ['hour', 'day', 'total'],
      measures: ['registrations', 'with_age', 'age_avg', 'ages'],
    },
    {by: ['country', 'city'], every: ['day', 'total'], measures: ['registrations', 'age_avg']},
  ],
  top: [{by: 'country', seconds: 600, measures: ['registrations', 'age_avg']}],
})

import {expect, test} from 'vitest'
import {answerUsers} from '../../scripts/users-api.ts'
import {readUser, uniqueUsers, type UserRow} from './read-user.ts'

const GOOD = {
  gender: 'female',
  name: {title: 'Ms', first: 'Ada', last: 'Byron'},
  location: {city: 'London', country: 'United Kingdom'},
  email: 'ada@example.org',
  login: {uuid: '0F8C1C3E-0000-4000-8000-000000000001'},
  dob: {date: '1990-12-10T00:00:00.000Z', age: 35},
  registered: {date: '2020-01-31T12:00:00.000Z', age: 6},
}

test('a user becomes a row under the id of where it comes from', () => {
  expect(readUser(GOOD)).toEqual({
    kind: 'user',
    row: {
      id: '0f8c1c3e-0000-4000-8000-000000000001',
      name: 'Ada Byron',
      email: 'ada@example.org',
      gender: 'female',
      age: 35,
      country: 'United Kingdom',
      city: 'London',
      registered_at: '2020-01-31T12:00:00.000Z',
    },
  })
})

test.each([
  [{...GOOD, login: {}}, 'login.uuid is missing: a UUID is expected'],
  [{...GOOD, login: null}, 'login.uuid is missing: a UUID is expected'],
  [{...GOOD, email: 'nobody'}, 'email is "nobody": a text of 1 to 300 characters is expected'],
  [{...GOOD, name: {first: 'A\0', last: 'B'}}, 'name.first is "A\\u0000"'],
  [{...GOOD, dob: {age: '35'}}, 'dob.age is "35": a whole number from 0 to 150 is expected'],
  [{...GOOD, dob: {age: -1}}, 'dob.age is -1'],
  [{...GOOD, registered: {date: 'yesterday'}}, 'registered.date is "yesterday": a time such as'],
  [{...GOOD, location: {city: 'x'.repeat(301), country: 'y'}}, 'location.city is "xxx'],
  [null, 'login.uuid is missing'],
  ['a text', 'login.uuid is missing'],
])('a bad one is named by field and value: %#', (value, why) => {
  expect(readUser(value)).toMatchObject({
    kind: 'bad',
    why: expect.stringContaining(why) as string,
  })
})

test('of one that is there twice the last one counts', () => {
  const {row} = readUser(GOOD) as {row: UserRow}
  expect(uniqueUsers([row, {...row, city: 'Paris'}])).toEqual([{...row, city: 'Paris'}])
})

test('the local service invents users that are taken, the same for one seed and page', () => {
  const ask = (text: string) => answerUsers(new URLSearchParams(text), new Date('2026-01-01'))
  const users = (text: string) => (ask(text).body as {results: readonly unknown[]}).results
  const first = users('results=50&page=1&seed=a')
  expect(first).toHaveLength(50)
  expect(first.filter(user => readUser(user).kind !== 'user')).toEqual([])
  expect(users('results=50&page=1&seed=a')).toEqual(first)
  expect(users('results=50&page=2&seed=a')).not.toEqual(first)
  expect(ask('results=0')).toMatchObject({status: 400})
  expect(ask('results=2&page=x')).toMatchObject({status: 400})
})

/**
 * A local service of randomuser.me's shape, for tests and for machines without the internet: the same seed and page,
 * the same invented users. `npm start -- --users-api` fetches from it; alone: `npm run users-api`.
 */
import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {faker} from '@faker-js/faker'
import {stopSignal} from '../platform/lifecycle.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'

export interface UsersApi {
  /** What WORKER_USERS_URL is set to. */
  readonly url: string
  close(): Promise<void>
}

const RESULTS_MAX = 5000
/** As old as the service that it stands for remembers. */
const REGISTERED_YEARS = 20

const numberOf = (seed: string, page: number): number =>
  createHash('sha256').update(`${seed} ${page}`).digest().readUInt32BE()

const GENDERS = ['female', 'male'] as const

function inventUser(today: Date) {
  const gender = faker.helpers.arrayElement(GENDERS)
  const [first, last] = [faker.person.firstName(gender), faker.person.lastName()]
  const age = faker.number.int({min: 16, max: 85})
  const registered = faker.date.past({years: REGISTERED_YEARS, refDate: today})
  const years = Math.floor((today.getTime() - registered.getTime()) / 31_557_600_000)
  return {
    gender,
    name: {title: gender === 'female' ? 'Ms' : 'Mr', first, last},
    location: {
      street: {number: faker.number.int(9999), name: faker.location.street()},
      city: faker.location.city(),
      state: faker.location.state(),
      country: faker.location.country(),
      postcode: faker.location.zipCode(),
    },
    email: faker.internet.email({firstName: first, lastName: last}).toLowerCase(),
    login: {uuid: faker.string.uuid(), username: faker.internet.username()},
    dob: {date: new Date(today.getTime() - age * 31_557_600_000).toISOString(), age},
    registered: {date: registered.toISOString(), age: years},
    phone: faker.phone.number(),
    nat: faker.location.countryCode(),
  }
}

/** What the service answers. */
export function answerUsers(
  query: URLSearchParams,
  today: Date,
): {readonly status: number; readonly body: object} {
  const [results, page] = (['results', 'page'] as const).map(name => Number(query.get(name) ?? 1))
  const seed = query.get('seed') ?? String(today.getTime())
  if (!(Number.isInteger(results) && results! >= 1 && results! <= RESULTS_MAX)) {
    return {status: 400, body: {error: `results: give a whole number from 1 to ${RESULTS_MAX}`}}
  }
  if (!(Number.isInteger(page) && page! >= 1)) {
    return {status: 400, body: {error: 'page: give a whole number from 1'}}
  }
  faker.seed(numberOf(seed, page!))
  const users = Array.from({length: results!}, () => inventUser(today))
  return {status: 200, body: {results: users, info: {seed, results, page, version: '1.4'}}}
}

/** Ages are those of this day: the same seed is the same users whenever it is asked. */
const TODAY = new Date('2026-01-01T00:00:00Z')

/** Starts it on loopback; port 0 takes a free one. */
export async function startUsersApi(port = 0): Promise<UsersApi> {
  const server = createServer((request, response) => {
    const {searchParams} = new URL(request.url ?? '/', 'http://localhost')
    const {status, body} = answerUsers(searchParams, TODAY)
    response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const USUAL_PORT = '3080'
const PORT_MAX = 65_535

/** @throws UsageError when it is none */
function portOf(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= PORT_MAX) return port
  throw new UsageError(`--port ${text}: give a whole number from 0 to ${PORT_MAX}`)
}

if (import.meta.main) {
  await runCommand(COMMANDS['users-api'], async ({values: {port = USUAL_PORT}}) => {
    const stop = stopSignal()
    const api = await startUsersApi(portOf(port))
    console.log(`WORKER_USERS_URL=${api.url}`)
    await once(stop, 'abort')
    await api.close()
    return 0
  })
}

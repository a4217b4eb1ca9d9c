/** Where users are fetched from, and how much of it. */
import type {EnvReader} from '../../platform/config.ts'

export type UsersSettings = ReturnType<typeof readUsersSettings>

export const readUsersSettings = (read: EnvReader) => ({
  /** An API of randomuser.me's shape, as https://randomuser.me/api/; empty: nothing is fetched. */
  url: read.text('WORKER_USERS_URL', '', /^(https?:\/\/[^\s?#]+)?$/),
  /** Users of one page. */
  pageRows: read.int('WORKER_USERS_PAGE_ROWS', 100, {min: 1, max: 5000}),
  pages: read.int('WORKER_USERS_PAGES', 1, {min: 1, max: 1000}),
  timeoutMs: read.int('WORKER_USERS_TIMEOUT_MS', 10_000, {min: 100, max: 120_000}),
  bytesMax: read.int('WORKER_USERS_BYTES_MAX', 10_000_000, {min: 1000, max: 100_000_000}),
})

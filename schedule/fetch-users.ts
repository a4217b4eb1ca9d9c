/**
 * Users of an API of randomuser.me's shape, into table `users`, from where they are captured as everything else.
 *
 * The tick is the seed: a try after one that broke off is given the same users, and stores those that are missing.
 */
import {job, type JobContext, type JobResult} from './job.ts'
import {fetchPage} from './users/fetch-page.ts'
import {readUser, uniqueUsers, type UserRow} from './users/read-user.ts'
import {readUsersSettings, type UsersSettings} from './users/settings.ts'
import {storeUsers} from './users/store-users.ts'

/** Bad users that the history names; the others are counted. */
const NAMED_MAX = 5

export const fetchUsers = job({
  name: 'fetch-users',
  what: 'Fetches users from an HTTP API into table users.',
  cron: '*/15 * * * *',
  retries: 3,
  backOffS: {first: 15, max: 240},
  timeLimitS: 300,
  settings: readUsersSettings,
  off: ({url}) => (url === '' ? 'WORKER_USERS_URL is not set' : null),
  run: runFetch,
})

async function runFetch({
  settings,
  tick,
  pool,
  signal,
}: JobContext<UsersSettings>): Promise<JobResult> {
  const total = {fetched: 0, added: 0, changed: 0, skipped: 0}
  const named: string[] = []
  for (let page = 1; page <= settings.pages; page++) {
    const results = await fetchPage(settings, {seed: tick.toISOString(), page, signal})
    const {rows, bad} = partUsers(results, page)
    if (rows.length === 0 && bad.length > 0) {
      throw new Error(`none of ${bad.length} users can be taken: ${bad[0]}`)
    }
    signal.throwIfAborted()
    const {added, changed} = await storeUsers(pool, rows)
    total.fetched += results.length
    total.added += added
    total.changed += changed
    total.skipped += bad.length
    named.push(...bad.slice(0, NAMED_MAX - named.length))
    // The last page is not full.
    if (results.length < settings.pageRows) break
  }
  return named.length === 0 ? total : {...total, bad: named}
}

/** Those that can be taken, and of the others which field of which one is not as it should be. */
function partUsers(
  results: readonly unknown[],
  page: number,
): {readonly rows: readonly UserRow[]; readonly bad: readonly string[]} {
  const read = results.map(readUser)
  return {
    rows: uniqueUsers(read.flatMap(one => (one.kind === 'user' ? [one.row] : []))),
    bad: read.flatMap((one, i) =>
      one.kind === 'bad' ? [`user ${i + 1} of page ${page}: ${one.why}`] : [],
    ),
  }
}

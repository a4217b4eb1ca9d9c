/** API keys: `npm run api-keys -- create NAME --scopes read,write [--expires 2027-01-01]`, `list`, `revoke PREFIX`. */
import {parseArgs} from 'node:util'
import {SCOPES, type Scope} from '../api/access.ts'
import {createKeyStore} from '../api/key-store.ts'
import {toDatabase} from '../api/postgres.ts'
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {createPool} from '../platform/postgres.ts'

const USAGE = `Usage:
  api-keys create NAME --scopes read,write,admin [--expires 2027-01-01]
  api-keys list
  api-keys revoke PREFIX

The key is printed once, when it is made; only its hash is stored. Uses DATABASE_URL.`

function parseScopes(text: string): readonly Scope[] {
  const scopes = text.split(',').map(name => SCOPES.find(scope => scope === name.trim()))
  const known = scopes.filter(scope => scope !== undefined)
  if (known.length === 0 || known.length < scopes.length) {
    throw new Error(`--scopes ${text}: expected a list of ${SCOPES.join(', ')}`)
  }
  return known
}

function parseExpiry(text: string | undefined): string | null {
  if (text === undefined) return null
  const ms = Date.parse(text)
  if (!(ms > Date.now())) throw new Error(`--expires ${text}: expected a date in the future`)
  return new Date(ms).toISOString()
}

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {
    scopes: {type: 'string', default: 'read'},
    expires: {type: 'string'},
    help: {type: 'boolean', default: false},
  },
})
const [command, name] = positionals

if (values.help || command === undefined) {
  console.log(USAGE)
} else {
  const read = envReader(process.env)
  const pool = createPool(readDatabaseUrl(read), {applicationName: 'api-keys', connectionsMax: 1})
  try {
    read.finish()
    const keys = createKeyStore(toDatabase(pool))
    if (command === 'create' && name !== undefined) {
      const made = await keys.create(name, parseScopes(values.scopes), parseExpiry(values.expires))
      console.log(made.key)
    } else if (command === 'list') {
      console.table(await keys.list())
    } else if (command === 'revoke' && name !== undefined) {
      if (!(await keys.revoke(name))) throw new Error(`there is no valid key ${name}`)
      console.log(`${name} is revoked; running API processes know it within two seconds`)
    } else {
      throw new Error(USAGE)
    }
  } catch (error) {
    console.error(messageOf(error))
    process.exitCode = 1
  } finally {
    await pool.end()
  }
}

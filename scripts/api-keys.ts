/** Makes, lists and revokes keys of the API. */
import {SCOPES, type Scope} from '../api/access.ts'
import {createKeyStore} from '../api/key-store.ts'
import {toDatabase} from '../api/postgres.ts'
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {createPool} from '../platform/postgres.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'

function parseScopes(text: string): readonly Scope[] {
  const scopes = text.split(',').map(name => SCOPES.find(scope => scope === name.trim()))
  const known = scopes.filter(scope => scope !== undefined)
  if (known.length === 0 || known.length < scopes.length) {
    throw new UsageError(`--scopes ${text}: expected a list of ${SCOPES.join(', ')}`)
  }
  return known
}

function parseExpiry(text: string | undefined): string | null {
  if (text === undefined) return null
  const ms = Date.parse(text)
  if (!(ms > Date.now())) throw new UsageError(`--expires ${text}: expected a date in the future`)
  return new Date(ms).toISOString()
}

function checkForm(verb: string | undefined, name: string | undefined): void {
  if (verb === 'list' && name === undefined) return
  if ((verb === 'create' || verb === 'revoke') && name !== undefined) return
  if (verb === 'list') throw new UsageError(`list ${name}: list takes no name`)
  if (verb === 'create' || verb === 'revoke') throw new UsageError(`${verb}: a name is missing`)
  throw new UsageError(`${verb ?? 'nothing'}: give create, list or revoke`)
}

await runCommand(COMMANDS['api-keys'], async ({values, positionals: [verb, name], env}) => {
  checkForm(verb, name)
  const scopes = parseScopes(values.scopes ?? 'read')
  const expiry = parseExpiry(values.expires)
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  read.finish()
  const pool = createPool(url, {applicationName: 'api-keys', connectionsMax: 1})
  try {
    const keys = createKeyStore(toDatabase(pool))
    if (verb === 'create') console.log((await keys.create(name!, scopes, expiry)).key)
    else if (verb === 'list') console.table(await keys.list())
    else if (await keys.revoke(name!)) {
      console.log(`${name} is revoked; running API processes know it within two seconds`)
    } else throw new UsageError(`there is no valid key ${name}: list shows them`)
  } finally {
    await pool.end()
  }
})

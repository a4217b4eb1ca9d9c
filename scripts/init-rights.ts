/** What init may not do itself where it is no superuser: it goes on where it can, and says what others have to run. */
import {PipelineError} from '../platform/errors.ts'
import type {Client} from '../platform/postgres.ts'

type Say = (what: string) => void

/** A migration without a superuser could not make the event triggers; one that is asked later can. */
export async function followDdl(client: Client, say: Say): Promise<void> {
  const {rows} = await client.query<{made: boolean}>('SELECT cdc.make_event_triggers() AS made')
  if (rows[0]?.made === true) return
  say(
    'database: event triggers need a superuser: relays follow changes of captured tables every minute',
  )
}

/** Makes the roles of relay, API and worker, where that is allowed, and grants them what is missing, where there are any. */
export async function grantRoles(client: Client, say: Say): Promise<void> {
  const {rows} = await client.query<{statement: string; owner: string}>(
    'SELECT statement, current_user AS owner FROM cdc.grant_roles() statement',
  )
  const [first] = rows
  if (first === undefined) return
  const statements = rows.map(({statement}) => statement).join('; ')
  say(
    `database: ${first.owner} may not run ${statements}: ask an administrator, then run init again; or let relay, API and worker log in as ${first.owner}`,
  )
}

/** What a role needs that is to make our schemas and, in public, the sample's tables ($1); or that is to change those of another role. */
const LACKS = `
SELECT current_user AS who, array_agg(l.statement ORDER BY l.n) AS statements
  FROM (SELECT 1) one
  LEFT JOIN (SELECT nspowner AS owner FROM pg_namespace WHERE nspname = 'cdc') cdc ON true
 CROSS JOIN LATERAL (VALUES
    (1, NOT has_database_privilege(current_database(), 'CREATE'),
        format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user)),
    (2, $1 AND to_regnamespace('public') IS NULL, 'CREATE SCHEMA public'),
    (3, $1 AND NOT has_schema_privilege(to_regnamespace('public')::oid, 'CREATE'),
        format('GRANT CREATE ON SCHEMA public TO %I', current_user)),
    (4, NOT pg_has_role(cdc.owner, 'USAGE'), format('GRANT %s TO %I', cdc.owner::regrole, current_user))
  ) l (n, is_so, statement)
 WHERE l.is_so`

/** The SQLSTATE of what the server answered, however deep it is wrapped. */
function sqlStateOf(error: unknown): unknown {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && /^\d/.test(String(at.code))) return at.code
  }
  return undefined
}

export const isDenied = (error: unknown): boolean => sqlStateOf(error) === '42501'

/** The same error, with the grants that it takes; as it is when none is missing. */
export async function explainDenied(
  client: Client,
  error: unknown,
  needsSample: boolean,
): Promise<unknown> {
  if (!isDenied(error)) return error
  const {rows} = await client.query<{who: string; statements: readonly string[] | null}>(LACKS, [
    needsSample,
  ])
  const [lack] = rows
  if (lack === undefined || lack.statements === null) return error
  return new PipelineError(
    'UPSTREAM_REFUSED',
    `${(error as Error).message}. ${lack.who} needs: ${lack.statements.join('; ')}`,
    {disposition: 'stop', cause: error},
  )
}

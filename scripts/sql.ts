/** Runs SQL in the pipeline's database, for machines without psql. */
import {readFileSync} from 'node:fs'
import {Client, type QueryResult} from 'pg'
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'

const USAGE = `usage: npm run sql -- "SELECT …"      one or more statements
       npm run sql < file.sql        statements from standard input

Several statements are one transaction, unless they say BEGIN and COMMIT themselves.
DATABASE_URL names the database; default: the one of \`npm start\`.`

function show({command, fields, rows, rowCount}: QueryResult<Record<string, unknown>>): void {
  if (fields.length > 0) console.table(rows.map(row => ({...row})))
  else console.log(rowCount === null ? command : `${command} ${rowCount}`)
}

async function main(args: readonly string[]): Promise<void> {
  const asksHelp = args.includes('--help')
  const text = args.length > 0 ? args.join(' ') : process.stdin.isTTY ? '' : readFileSync(0, 'utf8')
  if (asksHelp || text.trim() === '') {
    console.log(USAGE)
    process.exitCode = asksHelp ? 0 : 2
    return
  }
  const read = envReader(process.env)
  const client = new Client({connectionString: readDatabaseUrl(read)})
  read.finish()
  await client.connect()
  try {
    // Several statements answer with an array, which the types do not say.
    const answer = (await client.query(text)) as QueryResult | readonly QueryResult[]
    for (const result of [answer].flat()) show(result as QueryResult<Record<string, unknown>>)
  } finally {
    await client.end()
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const hint = (error as {hint?: string}).hint
  console.error([messageOf(error), hint].filter(Boolean).join('\n'))
  process.exitCode = 1
}

/** Runs SQL in the pipeline's database, for machines without psql. */
import {readFileSync} from 'node:fs'
import {Client, type QueryResult} from 'pg'
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'

type Result = QueryResult<Record<string, unknown>>

function show({command, fields, rows, rowCount}: Result, asJson: boolean): void {
  if (asJson) for (const row of rows) console.log(JSON.stringify(row))
  else if (fields.length > 0) console.table(rows.map(row => ({...row})))
  else console.log(rowCount === null ? command : `${command} ${rowCount}`)
}

interface Asked {
  readonly command?: readonly string[] | undefined
  readonly file?: string | undefined
}

/** Each is a transaction of its own. */
function readTexts({command, file}: Asked, positionals: readonly string[]): readonly string[] {
  const given = [command !== undefined, file !== undefined, positionals.length > 0].filter(Boolean)
  if (given.length > 1) throw new UsageError('give statements, -c, or -f, not several of them')
  if (command !== undefined) return command
  if (positionals.length > 0) return [positionals.join(' ')]
  if (file === undefined && process.stdin.isTTY) throw new UsageError('no statement is given')
  try {
    return [readFileSync(file === undefined || file === '-' ? 0 : file, 'utf8')]
  } catch (error) {
    throw new UsageError(`-f ${file ?? '-'}: ${messageOf(error)}`)
  }
}

await runCommand(COMMANDS.sql, async ({values, positionals, env}) => {
  const texts = readTexts(values, positionals)
  if (texts.every(text => text.trim() === '')) throw new UsageError('no statement is given')
  const read = envReader(env)
  const client = new Client({connectionString: readDatabaseUrl(read)})
  read.finish()
  await client.connect()
  try {
    for (const text of texts) {
      // Several statements answer with an array, which the types do not say.
      const answer = (await client.query(text)) as Result | readonly Result[]
      for (const result of [answer].flat()) show(result, values.json === true)
    }
  } finally {
    await client.end()
  }
})

/**
 * Tables, declarations, histories and questions that nobody chose, through the real pipeline: whatever a declaration
 * counts is what plain SQL says, while the API may not read the tables.
 */
import {execFile} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {writeAnyHistory} from './any-table-history.ts'
import {drawQuestion, type AnyQuestion} from './any-table-questions.ts'
import {
  addLaterSql,
  declarationOf,
  drawTable,
  tableSql,
  type AnyColumn,
  type AnyTable,
} from './any-table.ts'
import {openPipelineWorld, until, type PipelineWorld, type Service} from './pipeline-world.ts'
import {differencesWhenQuiet} from './quiet.ts'
import {createRandom} from './source-history.ts'

const SEED = Number(process.env['PROPERTY_SEED'] ?? 1)
const TABLES = Number(process.env['ANY_TABLES'] ?? 20)
const STEPS = 150
const QUESTIONS = 25

const tables: readonly AnyTable[] = Array.from({length: TABLES}, (_, i) =>
  drawTable(SEED * 1000 + i),
)
const random = createRandom(SEED)
let folder: string
let world: PipelineWorld
let services: Service[]
let role: string

const declare = (any: AnyTable, options: {readonly withLater: boolean}): void =>
  writeFileSync(
    join(folder, `${any.stream}.ts`),
    declarationOf(any, options).replaceAll("'../", `'${resolve('.')}/`),
  )

/** The API logs in as somebody who may read none of the tables. */
async function startServices(): Promise<void> {
  const url = new URL(world.env['DATABASE_URL']!)
  url.username = role
  url.password = role
  services = await Promise.all([
    world.start('ingestor'),
    world.start('processor'),
    world.start('api', {DATABASE_URL: url.toString()}),
  ])
}

const resources = new AsyncDisposableStack()

beforeAll(async () => {
  folder = mkdtempSync(resolve('test/any-tables-'))
  resources.defer(() => rmSync(folder, {recursive: true}))
  for (const any of tables) declare(any, {withLater: false})
  world = resources.use(
    await openPipelineWorld({STREAMS_FOLDER: folder}, tables.map(tableSql).join('\n')),
  )
  role = `any_${randomBytes(5).toString('hex')}`
  await world.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}' IN ROLE cdc_api`)
  resources.defer(async () => void (await world.pool.query(`DROP ROLE ${role}`)))
  await startServices()
  resources.defer(async () => void (await Promise.all(services.map(service => service.stop()))))
}, 300_000)

afterAll(async () => await resources.disposeAsync())

type Cell = string | number | boolean | null
/** Numbers and booleans are served as such. */
const keyOf = (dimensions: readonly Cell[]): string =>
  JSON.stringify(dimensions.map(value => (value === null ? null : String(value))))

function isNear(name: string, expected: string | null, actual: Cell): boolean {
  if (expected === null || actual === null) return expected === actual
  if (expected === String(actual)) return true
  const [wanted, found] = [Number(expected), Number(actual)]
  const off = Math.abs(wanted - found)
  if (name === 'who') return off <= Math.ceil(wanted * 0.03)
  if (/_p\d+$/.test(name)) return off <= Math.abs(wanted) * 0.05
  // A double of JSON against all digits of a numeric.
  return off <= Math.abs(wanted) * 1e-9
}

async function answerOf({body}: AnyQuestion): Promise<ReadonlyMap<string, readonly Cell[]>> {
  const answer = await fetch(`${services[2]!.url}/v1/query`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`${answer.status} ${text} of ${JSON.stringify(body)}`)
  const {results} = JSON.parse(text) as {
    results: readonly {readonly dimensions: readonly Cell[]; readonly metrics: readonly Cell[]}[]
  }
  return new Map(results.map(({dimensions, metrics}) => [keyOf(dimensions), metrics]))
}

/** Sentences about what differs. */
async function compare(question: AnyQuestion): Promise<readonly string[]> {
  const [actual, {rows}] = await Promise.all([
    answerOf(question),
    world.pool.query<Record<string, string | null>>(question.sql),
  ])
  const cells = (row: Record<string, string | null>, name: string, count: number) =>
    Array.from({length: count}, (_, i) => row[`${name}${i}`]!)
  const expected = new Map(
    rows.map(row => [
      keyOf(cells(row, 'd', question.dimensions)),
      cells(row, 'm', question.metrics.length),
    ]),
  )
  const keys = new Set([...expected.keys(), ...actual.keys()])
  return [...keys].flatMap(key => {
    const [wanted, found] = [expected.get(key), actual.get(key)]
    if (wanted === undefined || found === undefined) {
      return [`${key}: SQL ${JSON.stringify(wanted)}, answered ${JSON.stringify(found)}`]
    }
    return question.metrics.flatMap((name, i) =>
      isNear(name, wanted[i]!, found[i]!)
        ? []
        : [`${key} ${name}: SQL ${wanted[i]}, answered ${found[i]}`],
    )
  })
}

async function expectAnswers(): Promise<void> {
  expect((await differencesWhenQuiet(world, 120_000)).slice(0, 20)).toEqual([])
  for (const any of tables) {
    for (let n = 0; n < QUESTIONS; n++) {
      const question = drawQuestion(any, random)
      let found: readonly string[] = []
      // What a correction made stale is computed again soon.
      await until(
        'no difference',
        async () => {
          found = await compare(question)
          return found.length === 0
        },
        20_000,
      ).catch((error: unknown) => {
        if (found.length === 0) throw error
      })
      const {body, sql} = question
      expect(found.slice(0, 5), `seed ${any.seed}: ${JSON.stringify(body)}\n${sql}`).toEqual([])
    }
  }
}

/** Tables that are written to at a time: the pool has to have connections for others. */
const LANES = 4

/** A history of each table, another one in each round. */
const write = async (
  round: number,
  columnsOf: (any: AnyTable) => readonly AnyColumn[],
): Promise<void> => {
  const lane = async (first: number): Promise<void> => {
    for (let i = first; i < tables.length; i += LANES) {
      const any = tables[i]!
      const own = createRandom(any.seed * 10 + round)
      await writeAnyHistory(world.pool, any, {random: own, steps: STEPS, columns: columnsOf(any)})
    }
  }
  await Promise.all(Array.from({length: LANES}, (_, first) => lane(first)))
}

test(`${TABLES} tables: after a history of each, every question of theirs is answered as by SQL`, async () => {
  for (const any of tables) {
    const {rows} = await world.pool.query<{may: boolean}>(
      `SELECT has_table_privilege($1, $2::regclass, 'SELECT') AS may`,
      [role, any.table],
    )
    expect(rows).toEqual([{may: false}])
  }
  await write(1, any => any.columns)
  await expectAnswers()
}, 900_000)

test('columns that come later, in SQL first and then in the declaration, lose nothing', async () => {
  const writing = write(2, any => any.columns)
  for (const any of tables) await world.pool.query(addLaterSql(any))
  for (const any of tables) declare(any, {withLater: true})
  // A process that has read a declaration goes on with it.
  const env = {...world.env, PATH: process.env['PATH']}
  await promisify(execFile)(process.execPath, ['scripts/init.ts'], {env})
  await Promise.all(services.map(service => service.stop()))
  await startServices()
  await writing
  await write(3, any => [...any.columns, any.later])
  await expectAnswers()
  const {rows} = await world.pool.query('SELECT reason FROM cdc.dead_letters LIMIT 5')
  expect(rows).toEqual([])
}, 900_000)

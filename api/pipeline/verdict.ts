/**
 * Whether the pipeline is healthy, from facts: the one judge that `npm run status`, `GET /health`, the
 * metrics and the pages share. Pure.
 *
 * Guarantees    INV-73: what cannot be told is a finding of its own; nothing is healthy by silence.
 */
import type {Facts, LauncherFacts, Reconciliation} from './facts.ts'
import {conclude, finding, type Finding, type FindingCode, type Verdict} from './findings.ts'

/** A row of the outbox may wait so long, seconds. */
const OUTBOX_WAIT_S = 60
/** So many records are more than a moment's work. */
const LAG_HIGH = 100_000
const LISTED = 5

/** What may still come while the pipeline starts. */
const PENDING: ReadonlySet<FindingCode> = new Set([
  'store-away',
  'service-away',
  'service-not-ready',
  'not-captured',
  'topic-missing',
  'read-model-missing',
  'cannot-be-told',
])

export function judgePipeline(facts: Facts): Verdict {
  const launched = facts.launcher === undefined ? [] : judgeLauncher(facts.launcher)
  const isOff = facts.launcher?.running === false && facts.stores.every(({ok}) => !ok)
  // That nothing answers when nothing was started needs no list.
  if (isOff) return conclude(launched)
  const all = [
    ...facts.stores.filter(({ok}) => !ok).map(storeAway),
    ...facts.services.flatMap(judgeService),
    ...judgeCapture(facts),
    ...judgeFlow(facts),
    ...judgeTopics(facts),
    ...judgeReadModel(facts),
    ...judgeLetters(facts),
    ...judgeReconciliations(facts),
    ...judgeHistory(facts),
    ...judgeSilence(facts),
  ]
  return conclude([...launched, ...(facts.starting ? foldPending(all) : all)])
}

/** What is only not there yet is one finding, which is no error. */
function foldPending(all: readonly Finding[]): readonly Finding[] {
  const pending = all.filter(({code}) => PENDING.has(code))
  if (pending.length === 0) return all
  const what = `The pipeline is starting. Not there yet: ${listOf(pending.map(one => one.what))}`
  return [...all.filter(one => !pending.includes(one)), finding('starting', what)]
}

export function judgeLauncher(launcher: LauncherFacts): readonly Finding[] {
  if (!launcher.running) return [finding('not-running', 'Nothing is running.')]
  return [
    ...(launcher.starting ? [finding('starting', 'The pipeline is starting.')] : []),
    ...launcher.ended.map(({name, why}) =>
      finding('server-ended', `The server ${name} has ended.`, why),
    ),
    ...launcher.flapping.map(({name, restarts}) =>
      finding('service-keeps-ending', `The ${name} keeps ending: ${restarts} restarts.`),
    ),
  ]
}

const NAMES: Readonly<Record<string, string>> = {
  postgresql: 'PostgreSQL',
  kafka: 'Kafka',
  registry: 'The schema registry',
  cassandra: 'Cassandra',
  redis: 'Redis',
}

const storeAway = ({name, why}: Facts['stores'][number]): Finding =>
  finding('store-away', `${NAMES[name] ?? name} does not answer as it should.`, why)

const textsOf = (of: unknown): readonly (readonly [string, string])[] =>
  Object.entries(of ?? {}).map(([name, text]) => [name, String(text)] as const)

type Service = Facts['services'][number]

/** Partitions that stand still, by name, and why. */
export const standingOf = ({details}: Service): readonly (readonly [string, string])[] =>
  textsOf((details as {standing?: unknown} | null)?.standing)

export function judgeService(service: Service): readonly Finding[] {
  const {name, url, ready, reasons, details} = service
  if (ready === null) {
    return [finding('service-away', `The ${name} does not answer.`, `${url}: ${listOf(reasons)}`)]
  }
  const standing = standingOf(service)
  // Partitions that stand still are told one by one.
  const other = reasons.filter(
    reason => !standing.some(([partition]) => reason.startsWith(`${partition} stands still`)),
  )
  const isUnready = !ready && (other.length > 0 || standing.length === 0)
  const warnings = textsOf((details as {warnings?: unknown} | null)?.warnings)
  return [
    ...standing.map(([partition, cause]) =>
      finding('partition-standing', `Partition ${partition} stands still.`, cause),
    ),
    ...(isUnready
      ? [finding('service-not-ready', `The ${name} is not ready.`, `${url}: ${listOf(other)}`)]
      : []),
    ...warnings.map(([about, text]) =>
      finding('service-warns', `The ${name} has a warning about ${about}.`, text),
    ),
  ]
}

function judgeCapture({capture}: Facts): readonly Finding[] {
  if (!capture.told) return []
  const {problems, columns, missing, foreign} = capture.value
  return [
    ...problems.map(({table, problem}) =>
      finding(
        'capture-broken',
        `Changes of table ${table} are not captured as they should be.`,
        problem,
      ),
    ),
    ...columns.map(({table, code, problem, todo}) => ({
      ...finding(code, `In table ${table}, ${problem}.`),
      todo: `${todo}.`,
    })),
    ...missing.map(({stream, table}) =>
      finding('not-captured', `Table ${table} of stream ${stream} is not captured.`),
    ),
    ...foreign.map(({table, topic}) =>
      finding(
        'topic-without-stream',
        `Table ${table} is captured for topic ${topic}, which no stream is declared for: its changes become dead letters.`,
      ),
    ),
  ]
}

function judgeFlow({outbox, lag}: Facts): readonly Finding[] {
  const found: Finding[] = []
  const oldest = outbox.told ? (outbox.value.oldestSeconds ?? 0) : 0
  if (outbox.told && oldest > OUTBOX_WAIT_S) {
    const {rows} = outbox.value
    const what = `${count(rows, 'change waits', 'changes wait')} to be published, the oldest for ${Math.round(oldest)} s.`
    found.push(finding('outbox-waiting', what))
  }
  for (const {stream, records, stuck} of lag.told ? lag.value : []) {
    if (stuck.length > 0) {
      const where = listOf(stuck.map(one => `${one.name} (${one.lag})`))
      const what = `Records of ${stream} wait for more than a minute and do not become fewer: ${where}.`
      found.push(finding('lag-not-falling', what))
    } else if (records >= LAG_HIGH) {
      found.push(finding('lag-high', `${records} records of ${stream} wait, and become fewer.`))
    }
  }
  return found
}

function judgeTopics({
  missingTopics,
  unfilled,
  contradictions,
  services,
}: Facts): readonly Finding[] {
  const standing = new Set(services.flatMap(standingOf).map(([partition]) => partition))
  const missing = missingTopics.told ? missingTopics.value : []
  return [
    ...missing.map(topic => finding('topic-missing', `Topic ${topic} is not there.`)),
    ...(unfilled.told ? unfilled.value : [])
      .filter(({topic}) => !missing.includes(topic))
      .map(({stream, topic}) =>
        finding(
          'topic-not-filled',
          `Topic ${topic} never had a record, though the table of ${stream} has rows: it is not the one that was filled, or they were never published.`,
        ),
      ),
    // Its processor says more about one that stands still.
    ...(contradictions.told ? contradictions.value : [])
      .filter(({partition}) => !standing.has(partition))
      .map(({partition, of, what}) =>
        finding(of === 'log' ? 'other-log' : 'other-keyspace', `${partition}: ${what}.`),
      ),
  ]
}

const LACKS = {
  missing: 'have no place to be',
  filling: 'are being built: until then there are none',
  incomplete: 'would lack rows: there are none',
  outdated: 'were counted by another declaration: there are none',
} as const

function judgeReadModel({readModels, backfills}: Facts): readonly Finding[] {
  const models = readModels.told ? readModels.value : []
  return [
    ...models.flatMap(({stream, state, detail}) => {
      if (state === 'complete') return []
      return [finding(`read-model-${state}`, `The numbers of ${stream} ${LACKS[state]}.`, detail)]
    }),
    ...(backfills.told ? backfills.value : []).map(({stream, state, detail}) =>
      state === 'running'
        ? finding('backfill-running', `Rows of ${stream} are being published again.`, detail)
        : finding('backfill-failed', `Publishing the rows of ${stream} again has failed.`, detail),
    ),
  ]
}

function judgeLetters({deadLetters}: Facts): readonly Finding[] {
  if (!deadLetters.told) return []
  const {outbox, topics} = deadLetters.value
  if (outbox + topics === 0) return []
  const parts = [
    ...(outbox > 0 ? [`${count(outbox, 'change', 'changes')} that could not be published`] : []),
    ...(topics > 0 ? [`${count(topics, 'record', 'records')} that could not be processed`] : []),
  ]
  const total = count(outbox + topics, 'dead letter', 'dead letters')
  return [finding('dead-letters', `Nobody has decided about ${total}: ${parts.join(', ')}.`)]
}

function judgeReconciliations({reconciliations}: Facts): readonly Finding[] {
  if (!reconciliations.told) return []
  return reconciliations.value
    .filter(one => openDifferences(one) > 0)
    .map(one =>
      finding(
        'reconcile-differences',
        `${count(openDifferences(one), 'value', 'values')} of ${one.stream} differed from PostgreSQL when they were compared (${one.scope}, ${one.finished_at}).`,
      ),
    )
}

function judgeHistory({wentBack}: Facts): readonly Finding[] {
  if (!wentBack.told) return []
  return wentBack.value.map(({went_back_at: at, why, streams}) =>
    finding(
      'source-went-back',
      `PostgreSQL went back (${at}); numbers may hold what it has lost, of ${listOf(streams)}.`,
      why,
    ),
  )
}

/** What a comparison found and has not repaired itself. */
export const openDifferences = (one: Pick<Reconciliation, 'differences' | 'repaired'>): number =>
  Math.max(0, one.differences - one.repaired)

/** What was asked for, in words, and the stores that have to answer for it. */
const SOURCES = {
  outbox: ['how much waits to be published', 'postgresql'],
  lag: ['how much waits to be processed', 'kafka'],
  missingTopics: ['which topics there are', 'kafka'],
  unfilled: ['whether the topics are those that were filled', 'postgresql', 'kafka'],
  contradictions: ['whether the keyspace belongs to the topics', 'kafka', 'cassandra'],
  capture: ['whether the tables are captured', 'postgresql'],
  deadLetters: ['how many dead letters are open', 'postgresql', 'kafka'],
  reconciliations: ['what the last comparison said', 'postgresql'],
  wentBack: ['whether the source went back', 'postgresql'],
  readModels: ['whether the read model is complete', 'cassandra'],
  backfills: ['whether rows are being published again', 'postgresql'],
} as const satisfies Partial<Record<keyof Facts, readonly [string, ...string[]]>>

function judgeSilence(facts: Facts): readonly Finding[] {
  const away = new Set(facts.stores.filter(({ok}) => !ok).map(({name}) => name))
  const isMissing =
    facts.readModels.told && facts.readModels.value.some(({state}) => state === 'missing')
  return Object.entries(SOURCES).flatMap(([name, [words, ...stores]]) => {
    const fact = facts[name as keyof typeof SOURCES]
    // A store that is away, or what is missing in it, is told once, not once for each question.
    if (fact.told || stores.some(store => away.has(store))) return []
    if (name === 'contradictions' && isMissing) return []
    return [finding('cannot-be-told', `It cannot be told ${words}.`, fact.why)]
  })
}

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`

/** The first of them, and how many more there are. */
function listOf(texts: readonly string[]): string {
  const more = texts.length - LISTED
  return [...texts.slice(0, LISTED), ...(more > 0 ? [`${more} more`] : [])].join('; ')
}

/** What can be wrong with the pipeline: a closed list, and what to do about each. Pure data. */

export type Severity = 'error' | 'warning'

interface Kind {
  readonly severity: Severity
  /** What to do, as a sentence. */
  readonly todo: string
}

/** Each code has a section of its name in docs/RUNBOOK.md; a test holds the two in step. */
export const KINDS = {
  starting: {
    severity: 'warning',
    todo: 'Wait a minute: what is still wrong then is told as a finding of its own.',
  },
  'not-running': {severity: 'error', todo: 'Start it: npm start.'},
  'server-ended': {
    severity: 'error',
    todo: 'Look at the end of its log below .stack/logs, then npm stop and npm start.',
  },
  'service-keeps-ending': {
    severity: 'error',
    todo: 'Look at its log: the last line at level error says why it cannot go on.',
  },
  'store-away': {
    severity: 'error',
    todo: 'Bring the server back, or mend what it refuses; everything that waits for it goes on by itself.',
  },
  'service-away': {
    severity: 'error',
    todo: 'Look at its log and start it again, or set its address (API_RELAY_URLS, API_PROCESSOR_URLS, API_WORKER_URLS; none: there is none).',
  },
  'service-not-ready': {
    severity: 'error',
    todo: 'Mend what it says; it becomes ready by itself.',
  },
  'service-warns': {
    severity: 'warning',
    todo: 'Everything flows; mend what it says when there is time.',
  },
  'partition-standing': {
    severity: 'error',
    todo: 'Look up the cause in the table of the runbook: its numbers stay as they are until it is mended.',
  },
  'outbox-waiting': {
    severity: 'error',
    todo: 'Look at the relay: the first failure in its log names what it waits for.',
  },
  'lag-not-falling': {
    severity: 'error',
    todo: 'Look at the processor: whether it runs, what its log says, and whether another one is needed.',
  },
  'lag-high': {
    severity: 'warning',
    todo: 'Wait, or start another processor: until it has caught up the numbers are old.',
  },
  'capture-broken': {
    severity: 'error',
    todo: 'Attach the table again (SELECT cdc.attach(…), or npm run init), then compare: npm run reconcile.',
  },
  'not-captured': {
    severity: 'error',
    todo: 'Run npm run init, which attaches it, then npm run rebuild: changes meanwhile were never seen.',
  },
  'column-new': {
    severity: 'warning',
    todo: 'Run npm run attach for the table, which proposes its declaration with the column, or leave it out: omit.',
  },
  'column-gone': {
    severity: 'error',
    todo: 'Run npm run attach for the table, which proposes its changed declaration, then re-drive the dead letters.',
  },
  'column-retyped': {
    severity: 'error',
    todo: 'Run npm run attach for the table, which proposes its changed declaration, or give the column its type again.',
  },
  'topic-without-stream': {
    severity: 'warning',
    todo: 'Declare a stream for the topic, or end the capture: SELECT cdc.detach(…).',
  },
  'topic-missing': {severity: 'error', todo: 'Run npm run init, which makes missing topics.'},
  'topic-not-filled': {
    severity: 'error',
    todo: 'Look whether TOPIC_PREFIX and KAFKA_BROKERS are those of the filled topics; else npm run rebuild.',
  },
  'other-log': {
    severity: 'error',
    todo: 'Look whether the prefix changed; else the topic was made again: npm run rebuild.',
  },
  'other-keyspace': {
    severity: 'error',
    todo: 'Look whether CASSANDRA_KEYSPACE is the filled one; else npm run rebuild.',
  },
  'read-model-missing': {
    severity: 'error',
    todo: 'Run npm run init, then npm run rebuild.',
  },
  'read-model-filling': {
    severity: 'error',
    todo: 'Wait: npm run rebuild shows how far it is, and goes on where it was interrupted.',
  },
  'read-model-incomplete': {severity: 'error', todo: 'Run npm run rebuild.'},
  'read-model-outdated': {
    severity: 'error',
    todo: 'Run npm run rebuild for the stream, or bring back the declaration it was counted by.',
  },
  'backfill-running': {severity: 'warning', todo: 'Wait until all rows are published.'},
  'backfill-failed': {severity: 'error', todo: 'Mend the cause and start the backfill again.'},
  'dead-letters': {
    severity: 'error',
    todo: 'Look at them (npm run dead-letters -- list), mend the cause, then re-drive or discard each.',
  },
  'reconcile-differences': {
    severity: 'error',
    todo: 'Look at the differences, mend them, and compare again: npm run reconcile.',
  },
  'source-went-back': {
    severity: 'error',
    todo: 'Run npm run reconcile -- --repair, which takes out what PostgreSQL has not any more; npm run rebuild where much differs.',
  },
  'cannot-be-told': {
    severity: 'error',
    todo: 'Look at the log of the API, and whether its user may read what is asked.',
  },
} as const satisfies Readonly<Record<string, Kind>>

export type FindingCode = keyof typeof KINDS
export const FINDING_CODES = Object.keys(KINDS) as readonly FindingCode[]

export interface Finding {
  readonly code: FindingCode
  readonly severity: Severity
  /** What is wrong, as a sentence for everybody: no address, no data of users. */
  readonly what: string
  /** What was said in full, for administrators: may name addresses. */
  readonly detail: string | null
  readonly todo: string
  /** The section that says more. */
  readonly runbook: string
}

export interface Verdict {
  readonly healthy: boolean
  /** `starting`: nothing is known to be wrong, but not everything is there yet. */
  readonly state: 'healthy' | 'starting' | 'unhealthy'
  /** Errors first. */
  readonly findings: readonly Finding[]
}

export const finding = (
  code: FindingCode,
  what: string,
  detail: string | null = null,
): Finding => ({
  code,
  severity: KINDS[code].severity,
  what,
  detail,
  todo: KINDS[code].todo,
  runbook: `docs/RUNBOOK.md#${code}`,
})

/** Warnings alone leave it healthy; while something is starting it is not healthy yet. */
export function conclude(findings: readonly Finding[]): Verdict {
  const errors = findings.filter(({severity}) => severity === 'error')
  const warnings = findings.filter(({severity}) => severity === 'warning')
  const isStarting = warnings.some(({code}) => code === 'starting')
  const state = errors.length > 0 ? 'unhealthy' : isStarting ? 'starting' : 'healthy'
  return {healthy: state === 'healthy', state, findings: [...errors, ...warnings]}
}

/** For those who may not know where the servers are. */
export const withoutDetails = (verdict: Verdict): Verdict => ({
  ...verdict,
  findings: verdict.findings.map(one => ({...one, detail: null})),
})

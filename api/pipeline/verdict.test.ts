import {readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import type {ChangedColumn, Facts, Told} from './facts.ts'
import {FINDING_CODES, withoutDetails, type FindingCode} from './findings.ts'
import {judgePipeline} from './verdict.ts'

const known = <T>(value: T): Told<T> => ({told: true, value})
const STORES = ['postgresql', 'kafka', 'registry', 'cassandra', 'redis'].map(name => ({
  name,
  ok: true,
  milliseconds: 1,
  why: null,
}))
const SERVICE = {
  name: 'processor',
  url: 'http://10.0.0.7:3002',
  ready: true,
  reasons: [],
  details: {standing: {}, warnings: {}},
}
const COMPARED = {
  stream: 'sales',
  scope: 'all',
  finished_at: '2026-01-31T12:00:00.000000Z',
  keys: 100,
  differences: 0,
  undecided: 0,
  repaired: 0,
}
const LAUNCHER = {running: true, starting: false, ended: [], flapping: []}
const QUIET = {stream: 'sales', records: 5000, stuck: []}
const CAPTURED = {problems: [], columns: [], missing: [], foreign: []}
const changed = (code: ChangedColumn['code']): Pick<Facts, 'capture'> => {
  const column = {table: 'public.t', code, problem: 'column a changed', todo: 'run attach'}
  return {capture: known({...CAPTURED, columns: [column]})}
}
const GOOD: Facts = {
  starting: false,
  stores: STORES,
  services: [SERVICE],
  outbox: known({rows: 12, oldestSeconds: 0.2}),
  lag: known([QUIET]),
  missingTopics: known([]),
  unfilled: known([]),
  contradictions: known([]),
  capture: known(CAPTURED),
  deadLetters: known({outbox: 0, topics: 0}),
  reconciliations: known([COMPARED]),
  wentBack: known([]),
  readModels: known([{stream: 'sales', state: 'complete', detail: ''}]),
  backfills: known([]),
}

const codesOf = (changes: Partial<Facts>): readonly FindingCode[] =>
  judgePipeline({...GOOD, ...changes}).findings.map(({code}) => code)
const storesWithout = (...away: readonly string[]) =>
  STORES.map(store => ({...store, ok: !away.includes(store.name)}))
const service = (changes: object): Pick<Facts, 'services'> => ({
  services: [{...SERVICE, ...changes}],
})
const stuck = [{name: 'sales/3', lag: 12}]
const standing = {standing: {'sales/3': 'the log ends at 10'}}

/** Of each code what raises it, and what comes close and does not. */
const CASES: Readonly<Record<FindingCode, readonly [Partial<Facts>, Partial<Facts>]>> = {
  starting: [
    {starting: true, ...service({ready: null})},
    {starting: false, ...service({ready: null})},
  ],
  'not-running': [{launcher: {...LAUNCHER, running: false}}, {launcher: LAUNCHER}],
  'server-ended': [
    {launcher: {...LAUNCHER, ended: [{name: 'kafka', why: 'exit status 1'}]}},
    {launcher: LAUNCHER},
  ],
  'service-keeps-ending': [
    {launcher: {...LAUNCHER, flapping: [{name: 'api', restarts: 5}]}},
    {launcher: LAUNCHER},
  ],
  'store-away': [{stores: storesWithout('redis')}, {stores: STORES}],
  'service-away': [service({ready: null}), service({ready: false, reasons: ['it starts']})],
  'service-not-ready': [
    service({ready: false, reasons: ['calls of a store fail']}),
    service({ready: false, reasons: ['sales/3 stands still: the log'], details: standing}),
  ],
  'service-warns': [service({details: {warnings: {redis: 'drops keys'}}}), service({details: {}})],
  'partition-standing': [service({ready: false, details: standing}), service({ready: false})],
  'outbox-waiting': [
    {outbox: known({rows: 1, oldestSeconds: 61})},
    {outbox: known({rows: 90_000, oldestSeconds: 59})},
  ],
  'lag-not-falling': [{lag: known([{...QUIET, stuck}])}, {lag: known([QUIET])}],
  'lag-high': [
    {lag: known([{...QUIET, records: 100_000}])},
    {lag: known([{...QUIET, records: 99_999}])},
  ],
  'capture-broken': [
    {capture: known({...CAPTURED, problems: [{table: 't', problem: 'off'}]})},
    {capture: GOOD.capture},
  ],
  'not-captured': [
    {capture: known({...CAPTURED, missing: [{stream: 's', table: 't'}]})},
    {capture: GOOD.capture},
  ],
  'column-new': [changed('column-new'), changed('column-gone')],
  'column-gone': [changed('column-gone'), changed('column-new')],
  'column-retyped': [changed('column-retyped'), changed('column-new')],
  'topic-without-stream': [
    {capture: known({...CAPTURED, foreign: [{table: 't', topic: 'x'}]})},
    {capture: GOOD.capture},
  ],
  'topic-missing': [{missingTopics: known(['sales'])}, {missingTopics: known([])}],
  'topic-not-filled': [
    {unfilled: known([{stream: 'sales', topic: 'sales'}])},
    // That it is not there says it already.
    {unfilled: known([{stream: 'sales', topic: 'sales'}]), missingTopics: known(['sales'])},
  ],
  'other-log': [
    {contradictions: known([{partition: 'sales/3', of: 'log', what: 'it ends at 10'}])},
    // Its processor says it already.
    {
      contradictions: known([{partition: 'sales/3', of: 'log', what: 'it ends at 10'}]),
      ...service({ready: false, details: standing}),
    },
  ],
  'other-keyspace': [
    {contradictions: known([{partition: 'sales/3', of: 'keyspace', what: 'no position'}])},
    {contradictions: known([])},
  ],
  'read-model-missing': [
    {readModels: known([{stream: 'sales', state: 'missing', detail: 'no table'}])},
    {readModels: GOOD.readModels},
  ],
  'read-model-filling': [
    {readModels: known([{stream: 'sales', state: 'filling', detail: '12 %'}])},
    {readModels: GOOD.readModels},
  ],
  'read-model-incomplete': [
    {readModels: known([{stream: 'sales', state: 'incomplete', detail: 'npm run rebuild'}])},
    {readModels: GOOD.readModels},
  ],
  'read-model-outdated': [
    {readModels: known([{stream: 'sales', state: 'outdated', detail: 'npm run rebuild'}])},
    {readModels: GOOD.readModels},
  ],
  'backfill-running': [
    {backfills: known([{stream: 'sales', state: 'running', detail: '12 %'}])},
    {backfills: known([])},
  ],
  'backfill-failed': [
    {backfills: known([{stream: 'sales', state: 'failed', detail: 'a lock'}])},
    {backfills: known([{stream: 'sales', state: 'running', detail: '12 %'}])},
  ],
  'dead-letters': [
    {deadLetters: known({outbox: 0, topics: 1})},
    {deadLetters: known({outbox: 0, topics: 0})},
  ],
  'reconcile-differences': [
    {reconciliations: known([{...COMPARED, differences: 3, repaired: 2}])},
    {reconciliations: known([{...COMPARED, differences: 3, repaired: 3, undecided: 9}])},
  ],
  'source-went-back': [
    {wentBack: known([{why: 'an older disk', went_back_at: 'today', streams: ['sales']}])},
    // Everything was compared since.
    {wentBack: known([])},
  ],
  'cannot-be-told': [
    {capture: {told: false, why: 'permission denied'}},
    // The store that would have to say it is away: that is told once.
    {capture: {told: false, why: 'no answer'}, stores: storesWithout('postgresql')},
  ],
}

test('a pipeline in which everything is as it should be is healthy, and nothing is found', () => {
  expect(judgePipeline(GOOD)).toEqual({healthy: true, state: 'healthy', findings: []})
})

describe.each(FINDING_CODES)('%s', code => {
  const [raises, near] = CASES[code]

  test('is found when it is so', () => {
    expect(codesOf(raises)).toContain(code)
  })

  test('is not found when it is not', () => {
    expect(codesOf(near)).not.toContain(code)
  })

  test('says what to do, and where more is said', () => {
    const found = judgePipeline({...GOOD, ...raises}).findings.find(one => one.code === code)!
    expect(found.what).toMatch(/[^.]\.$/)
    expect(found.todo).toMatch(/[^.]\.$/)
    expect(found.runbook).toBe(`docs/RUNBOOK.md#${code}`)
    // Sections of findings follow each other: a heading of the name that is not empty.
    const runbook = readFileSync('docs/RUNBOOK.md', 'utf8')
    const section = runbook.split(`\n### ${code}\n`)[1]?.split('\n#')[0] ?? ''
    expect(section.trim().length, `### ${code}`).toBeGreaterThan(40)
  })
})

test('the runbook has no section of a finding that does not exist', () => {
  const runbook = readFileSync('docs/RUNBOOK.md', 'utf8')
  const chapter = runbook.split('\n## Findings\n')[1]?.split('\n## ')[0] ?? ''
  const sections = [...chapter.matchAll(/^### (.+)$/gm)].map(([, name]) => name)
  expect(sections).toEqual([...FINDING_CODES])
})

test('every source that cannot be told is a finding of its own', () => {
  const silent = {told: false, why: 'no answer in time'} as const
  const sources = Object.entries(GOOD).flatMap(([name, fact]) =>
    typeof fact === 'object' && 'told' in fact ? [name] : [],
  )
  expect(sources.length).toBeGreaterThan(8)
  for (const name of sources) {
    const {healthy, findings} = judgePipeline({...GOOD, [name]: silent})
    expect([name, healthy, findings.map(one => one.code)]).toEqual([
      name,
      false,
      ['cannot-be-told'],
    ])
  }
})

test('a store that is away is one finding, not one for each question to it', () => {
  const silent = {told: false, why: 'no answer in time'} as const
  const asked = {outbox: silent, capture: silent, deadLetters: silent, backfills: silent}
  expect(codesOf({stores: storesWithout('postgresql'), ...asked})).toEqual(['store-away'])
})

test('what a missing keyspace cannot tell is not told beside it', () => {
  const silent = {told: false, why: 'no such table'} as const
  const missing = CASES['read-model-missing'][0]
  expect(codesOf({...missing, contradictions: silent})).toEqual(['read-model-missing'])
})

test('warnings alone leave it healthy; an error does not, and comes first', () => {
  const warned = judgePipeline({...GOOD, ...CASES['lag-high'][0]})
  expect([warned.healthy, warned.state, warned.findings.length]).toEqual([true, 'healthy', 1])
  const both = judgePipeline({...GOOD, ...CASES['lag-high'][0], ...CASES['dead-letters'][0]})
  expect([both.healthy, both.findings.map(({code}) => code)]).toEqual([
    false,
    ['dead-letters', 'lag-high'],
  ])
})

test('while it starts, what is not there yet is one finding and no error, and it is not healthy', () => {
  const missing = {
    starting: true,
    stores: storesWithout('cassandra'),
    ...service({ready: null}),
    readModels: {told: false, why: 'no answer'} as const,
  }
  const {healthy, state, findings} = judgePipeline({...GOOD, ...missing})
  expect([healthy, state, findings.map(({code}) => code)]).toEqual([
    false,
    'starting',
    ['starting'],
  ])
  expect(findings[0]!.what).toContain('processor')
})

test('what is wrong for another reason is told while it starts, too', () => {
  const {state, findings} = judgePipeline({
    ...GOOD,
    ...CASES.starting[0],
    ...CASES['dead-letters'][0],
  })
  expect([state, findings.map(({code}) => code)]).toEqual([
    'unhealthy',
    ['dead-letters', 'starting'],
  ])
})

test('where nothing was started there is one finding, not a list of what does not answer', () => {
  const {findings} = judgePipeline({
    ...GOOD,
    launcher: {...LAUNCHER, running: false},
    stores: STORES.map(store => ({...store, ok: false})),
    ...service({ready: null}),
  })
  expect(findings.map(({code}) => code)).toEqual(['not-running'])
})

test('addresses are in the detail alone, which is left out for those who may not know them', () => {
  const verdict = judgePipeline({
    ...GOOD,
    ...service({ready: null, reasons: ['10.0.0.7: refused']}),
  })
  expect(JSON.stringify(verdict)).toContain('10.0.0.7')
  expect(JSON.stringify(withoutDetails(verdict))).not.toContain('10.0.0.7')
  expect(withoutDetails(verdict).findings[0]!.what).toBe('The processor does not answer.')
})

/** What may become of a statement that fails: the stated refusals of docs/CAPTURE.md, each with who may meet it. */
import {DEFINITIONS} from './capture-definitions.ts'
import type {Kind} from './capture-history.ts'

export type Outcome =
  | {readonly is: 'done'}
  | {readonly is: 'refused'; readonly why: string}
  /** PostgreSQL's own: it would have failed without capture too, or somebody else was in the way. */
  | {readonly is: 'given up'; readonly code: string}
  | {readonly is: 'fault'; readonly why: string}

interface Refusal {
  readonly code: string
  readonly message: RegExp
  readonly hint: RegExp
  readonly kinds: readonly Kind[]
  /** Not met in each thousand of histories: capture-ddl.pg.test.ts has it. */
  readonly isRare?: true
}

const CHANGES = Object.keys(DEFINITIONS) as readonly Kind[]
const ORDERED = /^The table is captured as topic-t\. .* Or SELECT cdc\.detach\(.*\) first\.$/

export const REFUSALS: Readonly<Record<string, Refusal>> = {
  'no primary key': {
    code: '55000',
    message: /^table .* has no primary key: changes of one row could not be told apart$/,
    hint: ORDERED,
    kinds: ['dropPrimaryKey', 'dropId', 'dropKey', 'dropDomain'],
  },
  'no key column': {
    code: '55000',
    message: /^table .* has no column for the key any more$/,
    hint: ORDERED,
    kinds: ['dropKey', 'dropDomain'],
  },
  'a deferrable primary key': {
    code: '55000',
    message: /^the primary key of .* is deferrable/,
    hint: ORDERED,
    kinds: ['deferPrimaryKey'],
  },
  unlogged: {
    code: '55000',
    message: /is temporary or unlogged: a crash empties it without a trace$/,
    hint: ORDERED,
    kinds: ['unlog'],
  },
  inheritance: {
    code: '55000',
    message: /takes part in table inheritance, which is not captured$/,
    hint: ORDERED,
    kinds: ['inherit'],
  },
  'a captured table as a partition': {
    code: '55000',
    message: /is a partition: attach .* instead$/,
    hint: ORDERED,
    kinds: ['becomePart'],
  },
  'a partition with rows is detached': {
    code: '55000',
    message:
      /^partition .* of captured table .* has rows: should they leave the numbers with it\?$/,
    hint: /^Say it in the same transaction: SET LOCAL cdc\.detached_rows = 'delete'/,
    kinds: ['detach'],
  },
  'a partition is let go under REPEATABLE READ': {
    code: '55000',
    message: /^no partition of captured table .* is let go under (REPEATABLE READ|SERIALIZABLE)/,
    hint: /BEGIN ISOLATION LEVEL READ COMMITTED/,
    kinds: CHANGES,
  },
  'a partition is dropped': {
    code: '55000',
    message: /^partition .* of a captured table cannot be dropped/,
    hint: /^Detach it first \(ALTER TABLE … DETACH PARTITION\), then drop it\.$/,
    kinds: ['dropPart'],
  },
  'deferred triggers of the table are still to run': {
    code: '55006',
    message: /because it has pending trigger events$/,
    hint: /^$/,
    kinds: CHANGES,
    isRare: true,
  },
  truncate: {
    code: '55000',
    message: /^TRUNCATE of captured table .* is refused/,
    hint: /^Use DELETE, or SELECT cdc\.detach\(.*\) first\.$/,
    kinds: ['truncate'],
  },
}

/** Locks not got in time, a deadlock, a row that changed under REPEATABLE READ: to be tried again. */
const IN_THE_WAY = /^(55P03|40P01|40001)$/
/** Two sessions that change one entry of the catalog. */
const RACED = /^XX000 tuple concurrently (updated|deleted)$/
/**
 * What PostgreSQL says of statements that do not fit the table by now: broken constraints, values, names that are
 * taken or gone, what it does not do, transactions and savepoints that are not there, a row that a trigger changed.
 */
const ORDINARY =
  /^(23\d\w\w|22\w{3}|42P01|42P07|42P16|42P17|42P10|42701|42703|42704|42710|42804|42809|42830|2BP01|25001|25P01|25P02|3B001|3F000|42P06|0A000|21000|27000|55006|428C9|42883|42846|42611|42601)$/

interface Failure {
  readonly code?: string
  readonly message: string
  readonly hint?: string
  readonly where?: string
}

/** @param isolation of the transaction that failed */
export function judgeError(
  error: unknown,
  {kind, isolation}: {readonly kind: Kind; readonly isolation: string},
): Outcome {
  const {code = '', message, hint = '', where = ''} = error as Failure
  const fault: Outcome = {is: 'fault', why: `${code} ${message} (${hint}) ${where}`}
  if (kind === 'foreign') {
    const isAllowed = code === '25P02' || (code === '40001' && isolation === 'serializable')
    return isAllowed ? {is: 'given up', code} : fault
  }
  const isInTheWay = IN_THE_WAY.test(code) || RACED.test(`${code} ${message}`)
  if (isInTheWay) return {is: 'given up', code}
  // The catalog that it looks a row up by is as old as its snapshot: docs/CAPTURE.md.
  const isOld = isolation !== 'read committed' && /function "?cdc"?\."?present"?\(/.test(where)
  if (isOld && /^(22P02|22007|42703|42883)$/.test(code)) return {is: 'given up', code}
  // Two definitions at once: the name that is waited for may be another one by then.
  if (code === '42P01' && kind in DEFINITIONS && where.startsWith('SQL statement "LOCK TABLE '))
    return {is: 'given up', code}
  // What a function of ours meets is no fault of the statement.
  const isOurs = /\bcdc"?\./.test(where)
  for (const [why, one] of Object.entries(REFUSALS)) {
    if (!isOurs || one.code !== code || !one.message.test(message) || !one.hint.test(hint)) continue
    return one.kinds.includes(kind) ? {is: 'refused', why} : fault
  }
  return ORDINARY.test(code) && !isOurs ? {is: 'given up', code} : fault
}

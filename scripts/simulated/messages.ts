/** What services log: templates by level, with what changes from line to line left open. */
import {anyOf, uuidOf, wholeBetween, type Random} from './random.ts'
import type {LogRow} from './changes.ts'

export type Level = LogRow['level']

export interface Service {
  readonly name: string
  readonly weight: number
  /** What it handles. */
  readonly thing: string
}

export const SERVICES: readonly Service[] = [
  {name: 'gateway', weight: 30, thing: 'request'},
  {name: 'catalog', weight: 20, thing: 'product'},
  {name: 'search', weight: 16, thing: 'query'},
  {name: 'player', weight: 12, thing: 'segment'},
  {name: 'checkout', weight: 9, thing: 'order'},
  {name: 'payments', weight: 7, thing: 'payment'},
  {name: 'mailer', weight: 6, thing: 'mail'},
]

/** Parts of all lines, in thousandths. */
export const LEVELS: Readonly<Record<Level, number>> = {
  debug: 120,
  info: 740,
  warn: 100,
  error: 37,
  fatal: 3,
}

export const TEMPLATES: Readonly<Record<Level, readonly string[]>> = {
  debug: [
    'cache miss for {thing} {id}',
    '{thing} {id} loaded in {ms} ms',
    'pool has {n} idle connections',
    'attempt {n} for {thing} {id} is scheduled',
  ],
  info: [
    '{thing} {id} handled in {ms} ms',
    '{thing} {id} received from {ip}',
    'user {uuid} asked for {thing} {id}',
    'batch {hex} of {n} {thing}s written in {ms} ms',
    'health check answered in {ms} ms',
    '{thing} {id} sent to "{queue}"',
  ],
  warn: [
    'slow {thing} {id}: {ms} ms',
    '{n} {thing}s wait in "{queue}"',
    'upstream is busy, waiting {ms} ms',
    'token {hex} expires in {n} s',
  ],
  error: [
    'could not handle {thing} {id}: timeout after {ms} ms',
    'connection to {ip} refused',
    '{thing} {id} rejected: field "{field}" is missing',
    'unexpected status 502 from upstream for {thing} {id}',
    'checksum {hex} of {thing} {id} does not fit',
  ],
  fatal: ['out of memory after {n} {thing}s', 'lost lease {hex}, stopping'],
}

const QUEUES = ['mail', 'orders', 'thumbnails', 'exports'] as const
const FIELDS = ['email', 'price', 'country', 'position'] as const

/** Begins with a digit: words may be made of the other letters. */
const hexOf = (random: Random): string =>
  `${wholeBetween(random, [0, 9])}${Math.floor(random() * 2 ** 28)
    .toString(16)
    .padStart(7, '0')}`

const FILL: Readonly<Record<string, (random: Random) => string>> = {
  id: random => String(wholeBetween(random, [1, 9_999_999])),
  n: random => String(wholeBetween(random, [1, 400])),
  ms: random => String(Math.ceil(3 / (1 - random()) ** 1.2)),
  ip: random => `10.${wholeBetween(random, [0, 255])}.${wholeBetween(random, [0, 255])}.7`,
  hex: hexOf,
  uuid: uuidOf,
  queue: random => anyOf(random, QUEUES),
  field: random => anyOf(random, FIELDS),
}

/** A line of a template. */
export const fill = (template: string, {thing}: Service, random: Random): string =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => FILL[name]?.(random) ?? thing)

const WHO = ['scheduler', 'importer', 'resolver', 'indexer', 'balancer', 'compactor'] as const
const DID = ['skipped', 'dropped', 'reopened', 'doubted', 'truncated', 'misread', 'lost'] as const
const WHAT = [
  'lease',
  'shard',
  'manifest',
  'cursor',
  'snapshot',
  'voucher',
  'bundle',
  'route',
] as const

/** How many messages there are that nothing says until one is planted. */
export const NEW_MESSAGES = WHO.length * DID.length * WHAT.length

/** Has no divisor in common with NEW_MESSAGES, so that neighbours differ in all words and each comes once. */
const STRIDE = 143

/** The n-th template of its kind; another for each n below NEW_MESSAGES. */
export function newTemplate(n: number): string {
  const place = (n * STRIDE) % NEW_MESSAGES
  const who = WHO[place % WHO.length]!
  const did = DID[Math.floor(place / WHO.length) % DID.length]!
  const what = WHAT[Math.floor(place / (WHO.length * DID.length))]!
  return `${who} ${did} ${what} {id}`
}

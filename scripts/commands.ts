/** Every command with its options: the table that commands parse by, help is made of, and tests go through. */
import type {Command} from './command.ts'

const text = (value: string, about: string) => ({type: 'string', value, about}) as const
const flag = (about: string) => ({type: 'boolean', about}) as const

const DETACH = flag('returns when everything is ready; npm stop ends it')
/** Given by ourselves to the process that stays when --detach returns. */
const CHILD = {type: 'boolean'} as const

export const COMMANDS = {
  help: {
    name: 'help',
    summary: 'Says what commands there are.',
    forms: [['', 'all of them']],
    options: {},
    examples: [['npm run simulate -- --help', 'what one command does']],
  },
  start: {
    name: 'start',
    summary:
      'Starts servers and services on this machine, and shows how they do until it is stopped. Where they run\nalready, it says where.',
    forms: [['[OPTIONS]', 'until Ctrl-C']],
    options: {
      detach: DETACH,
      'no-sample': flag('leaves an empty database empty'),
      servers: flag('only the servers, brought up to date, without services'),
      'users-api': flag('invented users from a local service, which the worker fetches'),
      child: CHILD,
    },
    examples: [
      ['npm start', 'everything, with a sample of data the first time'],
      ['npm start -- --detach', 'in the background'],
      ['POSTGRES_PORT=25432 npm start', 'on another port; or in the file .env'],
    ],
    notes: 'Ports, folders and memory: docs/CONFIGURATION.md, Local servers.',
  },
  stop: {
    name: 'stop',
    summary: 'Ends the stack of this checkout, or what a killed start left of it.',
    forms: [['', '']],
    options: {},
    examples: [['npm stop', '']],
  },
  servers: {
    name: 'servers',
    summary:
      'Starts only the servers, brought up to date, without services: npm start -- --servers.',
    forms: [['[OPTIONS]', 'until Ctrl-C']],
    options: {
      detach: DETACH,
      'no-sample': {type: 'boolean'},
      servers: {type: 'boolean'},
      child: CHILD,
    },
    examples: [['npm run servers -- --detach', 'in the background, to run services by hand']],
  },
  status: {
    name: 'status',
    summary: 'Shows once how the pipeline does. Status 0 only when it is healthy.',
    forms: [['[--json]', '']],
    options: {
      json: flag(
        'for scripts: {healthy, state, problems, findings, servers, services, outboxUnpublished, lagRecords}',
      ),
    },
    examples: [['npm run status', 'where everything is, and what is wrong']],
  },
  reset: {
    name: 'reset',
    summary: 'Deletes all data of the local servers, after asking. Downloads are kept.',
    forms: [['[--yes]', '']],
    options: {yes: flag('does not ask')},
    examples: [['npm run reset -- --yes', 'as new, without asking']],
  },
  init: {
    name: 'init',
    summary:
      'Brings database, topics, subjects and keyspace up to date. Safe to run again, and by two at once.',
    forms: [['', '']],
    options: {},
    examples: [['npm run init', 'after a declaration changed']],
    usesDatabase: true,
  },
  attach: {
    name: 'attach',
    summary:
      'Makes a table of the database a stream: proposes what to count, writes it to streams/, captures the table,\nreads the rows that are there, and says where the numbers are.',
    forms: [
      ['TABLE [OPTIONS]', 'shows the file, asks, and does it'],
      ['TABLE', 'of a declared one: proposes what changed in its columns'],
    ],
    options: {
      key: text(
        'COLUMN',
        'whose records keep their order; default the first foreign key, or the id',
      ),
      time: text(
        'COLUMN',
        'when it happened; default a timestamp that is never null, or the commit',
      ),
      topic: text('NAME', 'default the name of the table'),
      print: flag('only shows the file'),
      yes: flag('does not ask'),
    },
    positionals: {min: 1, max: 1},
    examples: [
      ['npm run attach -- public.bookings', 'by what can be seen of the table'],
      [
        'npm run attach -- shop.bookings --key customer_id --time placed_at --yes',
        'as one knows better',
      ],
    ],
    notes: 'By hand, step by step: docs/STREAMS.md.',
    usesDatabase: true,
  },
  detach: {
    name: 'detach',
    summary: 'Ends the capture of a stream, and takes its declaration out; says what is kept.',
    forms: [['STREAM [--yes]', '']],
    options: {yes: flag('does not ask')},
    positionals: {min: 1, max: 1},
    examples: [['npm run detach -- bookings', 'the way back of npm run attach']],
    usesDatabase: true,
  },
  simulate: {
    name: 'simulate',
    summary:
      'Streams plausible rows into PostgreSQL, as applications would; says what it planted in them.',
    forms: [['[OPTIONS]', 'until Ctrl-C']],
    options: {
      streams: text(
        'LIST',
        'all, or some of engagement, activity, users, orders, readings, logs; default engagement,activity',
      ),
      rate: text('N', 'rows a second of all streams together, default 100'),
      for: text('TIME', 'how long, as 90s, 15m, 2h, 1d; default until Ctrl-C'),
      seconds: text('N', 'the same in seconds; 0: until Ctrl-C'),
      since: text('TIME', 'begins so long ago, as fast as it can be written, and goes on live'),
      seed: text('N', 'the same seed, the same contents, people, products, devices, default 1'),
      calm: flag('plants nothing: no hits, churn, failures, bursts'),
      contents: text('N', 'default 60'),
      users: text('N', 'people at first, default 2000'),
      products: text('N', 'default 200'),
      devices: text('N', 'of four sensors each, default 12'),
      json: flag('one line of JSON at the end: what was written, and what was planted'),
    },
    examples: [
      ['npm run simulate -- --rate 50 --seconds 60', 'a minute of people who watch and read'],
      ['npm run simulate -- --streams all --for 15m', 'everything, for a quarter of an hour'],
      ['npm run simulate -- --streams readings,logs --rate 500', 'devices and services alone'],
      ['npm run simulate -- --streams orders --rate 2 --since 7d', 'a week of orders, and more'],
    ],
    notes:
      'Of the rate, engagement has 30 parts, activity 15, readings 30, logs 17.5, orders 7, users 0.5; chosen streams\nshare it out. Users, orders and logs follow the day and the week (UTC): theirs is the mean of a week.\nWhat is planted, and what it looks like: docs/SIMULATE.md.',
    usesDatabase: true,
  },
  'users-api': {
    name: 'users-api',
    summary:
      "Invented users over HTTP, in randomuser.me's shape: the same seed and page, the same users.",
    forms: [['[OPTIONS]', 'until Ctrl-C']],
    options: {port: text('N', 'on loopback; 0 takes a free one; default 3080')},
    examples: [
      ['npm run users-api', 'then WORKER_USERS_URL=http://127.0.0.1:3080/api/ npm start'],
      ['npm start -- --users-api', 'both at once'],
    ],
  },
  sql: {
    name: 'sql',
    summary: 'Runs SQL in the database of the pipeline, for machines without psql.',
    forms: [
      ['"SELECT …"', 'one or more statements'],
      ['-c "SELECT …"', 'the same; several -c one after the other'],
      ['-f FILE', 'statements of a file'],
      ['< FILE', 'statements from standard input'],
    ],
    options: {
      command: {
        type: 'string',
        short: 'c',
        multiple: true,
        value: 'SQL',
        about: 'statements; each -c is a transaction of its own',
      },
      file: {
        type: 'string',
        short: 'f',
        value: 'FILE',
        about: 'statements of a file; - is standard input',
      },
      json: flag('rows as JSON, a line each'),
    },
    positionals: {min: 0, max: 1000},
    examples: [
      ['npm run sql -- -c "SELECT count(*) FROM engagement_events"', 'a question'],
      ['npm run sql -- -f orders.sql', 'a file'],
    ],
    notes: 'Several statements are one transaction, unless they say BEGIN and COMMIT themselves.',
    usesDatabase: true,
  },
  reconcile: {
    name: 'reconcile',
    summary: 'Compares what is stored with SQL over PostgreSQL, beside the live stream.',
    forms: [
      ['', 'everything that is stored'],
      ['--day 2026-01-31', 'keys with events on that UTC day'],
      ['--key ID', 'one key: a content, a user, ...'],
    ],
    options: {
      day: text('DAY', 'keys with events on that UTC day'),
      key: text('ID', 'one key'),
      content: text('ID', 'the same'),
      stream: text('NAME', 'of that stream only'),
      keyspace: text(
        'NAME',
        'in that keyspace, not in the one that is served: what a rebuild fills',
      ),
      repair: flag('sends what differs through the outbox again, and compares it once more'),
      all: flag('lists every difference, not only the first ones'),
      json: flag('one line of JSON at the end'),
      resume: flag('goes on where an interrupted run was'),
      progress: text('FILE', 'where that is kept, default .stack/reconcile.json'),
      'hold-ms': text(
        'N',
        'holds publishing for so long at a time, for what never stands still (default 2000)',
      ),
    },
    examples: [
      ['npm run reconcile', 'is everything right?'],
      ['npm run reconcile -- --day 2026-01-31 --repair', 'mend a day'],
    ],
    notes: 'Status: 0 everything is equal, 1 something differs, 2 it could not be told.',
    usesDatabase: true,
  },
  backfill: {
    name: 'backfill',
    summary:
      'Reads rows of a captured table again, beside the live stream, and shows how far it is.',
    forms: [
      ['STREAM [OPTIONS]', 'every row of its table, or those that options choose'],
      ['--list', 'those there were, newest first'],
      ['--watch ID', 'shows how far one is'],
      ['--pause ID | --resume ID | --cancel ID', 'steers one'],
    ],
    options: {
      'from-id': text('ID', 'rows from this id on, itself included'),
      'to-id': text('ID', 'rows up to this id, itself included'),
      from: text('TIME', 'rows of this time or later'),
      to: text('TIME', 'rows before this time'),
      where: text('SQL', 'rows that meet a condition'),
      rate: text('N', 'rows a second at most (default 1000)'),
      'no-wait': flag('does not show how far it is'),
      list: flag('those there were'),
      watch: text('ID', 'shows how far one is'),
      pause: text('ID', 'pauses one'),
      resume: text('ID', 'goes on with one'),
      cancel: text('ID', 'ends one'),
    },
    positionals: {min: 0, max: 1},
    examples: [
      ['npm run backfill -- engagement --from 2026-01-01 --to 2026-02-01', 'one month'],
      ['npm run backfill -- engagement --where "content_id = \'…\'"', 'one content'],
    ],
    notes:
      'A running relay does it, with every change of the live stream in its place between. Numbers do not change by\nit where they are right: a row that is counted as it is stays as it is. The same by SQL: INSERT INTO cdc.backfills.',
    usesDatabase: true,
  },
  rebuild: {
    name: 'rebuild',
    summary:
      'Builds numbers again from their tables; old answers stay until the new ones are equal to SQL.',
    forms: [
      ['[OPTIONS]', 'everything that is counted'],
      ['STREAM [OPTIONS]', 'of one stream'],
    ],
    options: {
      yes: flag('does not ask'),
      rate: text('N', 'rows a second at most (default 1000)'),
      'no-compare': flag('takes the new numbers without comparing them with SQL'),
      abandon: flag('drops one that was begun and is not whole'),
    },
    positionals: {min: 0, max: 1},
    examples: [['npm run rebuild -- --yes', 'the way out of every stop: docs/RUNBOOK.md']],
    notes:
      'Relay and processor have to run. It may be interrupted at any time: the same command goes on.',
    usesDatabase: true,
  },
  reenrich: {
    name: 'reenrich',
    summary: "Reads a content's events again, so that their raw rows follow its metadata.",
    forms: [['CONTENT_ID', '']],
    options: {},
    positionals: {min: 1, max: 1},
    examples: [['npm run reenrich -- 5a3b1e00-0000-4000-8000-000000000001', '']],
    notes: 'Raw rows and event hashes then hold its present type and length; no total changes.',
    usesDatabase: true,
  },
  'dead-letters': {
    name: 'dead-letters',
    summary:
      'Looks at what was put aside, and resolves it: rows of the outbox, and records of <topic>.dlq.',
    forms: [
      ['list [FILTER] [--limit N] [--all]', 'open ones, newest first; --all: also resolved ones'],
      ['show ID', 'with what could not be handled'],
      ['redrive ID', "the row's present state goes through the outbox again"],
      ['discard ID', 'nothing more is done about it'],
      ['redrive FILTER|--all --yes [--limit N]', 'many, the oldest first'],
      ['discard FILTER|--all --yes [--limit N]', ''],
    ],
    options: {
      topic: text('T', 'filter: of the stream, without prefix: engagement_events'),
      reason: text('R', 'filter: ENCODE_FAILED, RECORD_TOO_LARGE, TOPIC_UNKNOWN, RULE_BROKEN, ...'),
      from: text(
        'TIME',
        'filter: put aside at this time or later: 2026-01-31 or 2026-01-31T12:00:00Z',
      ),
      to: text('TIME', 'filter: put aside before'),
      limit: text('N', 'so many at most'),
      all: flag('whatever topic, reason and time; in a list also what is resolved'),
      yes: flag('does it; without, says how many match'),
    },
    positionals: {min: 0, max: 3},
    examples: [
      ['npm run dead-letters -- list', 'what is open'],
      ['npm run dead-letters -- redrive --reason ENCODE_FAILED --yes', 'after the cause is mended'],
    ],
    notes:
      'Many are resolved one by one; those that fail stay open and are named. It may be run again.\nStatus: 1 some failed, 2 wrong arguments.',
    usesDatabase: true,
  },
  'set-lanes': {
    name: 'set-lanes',
    summary: 'Sets the number of lanes that relays share. Safe while relays run.',
    forms: [['N', 'a power of two up to 1024: at most so many relays work at a time']],
    options: {},
    positionals: {min: 1, max: 1},
    examples: [['npm run set-lanes -- 4', 'four relays side by side']],
    notes: 'What was on its way during the change is published again, flagged as redelivered.',
    usesDatabase: true,
  },
  'api-keys': {
    name: 'api-keys',
    summary: 'Makes, lists and revokes keys of the API.',
    forms: [
      ['create NAME [OPTIONS]', 'prints the key, once: only its hash is stored'],
      ['list', 'all, with when they were used last'],
      ['revoke PREFIX', 'running API processes know it within two seconds'],
    ],
    options: {
      scopes: text('LIST', 'of read, write, admin; default read'),
      expires: text('DAY', 'when it ends; default never'),
    },
    positionals: {min: 0, max: 2},
    examples: [
      ['npm run api-keys -- create me --scopes read,write', 'a key for an application'],
      ['npm run api-keys -- revoke k_1234', 'take it away'],
    ],
    usesDatabase: true,
  },
  generate: {
    name: 'generate',
    summary:
      'Writes what is made from other files: schemas (Avro, GraphQL), settings, types of the client, figures.',
    forms: [['', 'all of them']],
    options: {},
    examples: [['npm run generate', 'after a declaration, a setting or a route changed']],
  },
  'client:pack': {
    name: 'client:pack',
    summary: 'Packs the client of the API (client/) for npm install in other projects.',
    forms: [['[OPTIONS]', 'builds it, and says where the tarball is']],
    options: {to: text('FOLDER', 'where to put the tarball, default client/dist')},
    examples: [['npm run client:pack -- --to ../my-project', 'into another project']],
  },
  'load-sample': {
    name: 'load-sample',
    summary: 'Fills an empty database with the sample. One that holds anything stays as it is.',
    forms: [['', '']],
    options: {},
    examples: [
      ['npm run load-sample', 'what the first start does by itself, unless --no-sample is given'],
    ],
    usesDatabase: true,
  },
  test: {
    name: 'test',
    summary:
      'Everything that must hold before a change is taken: form, types, tests, on servers of its own.',
    forms: [
      ['', 'all, under 20 minutes'],
      ['FILE …', 'only tests of files with such a name'],
    ],
    options: {
      only: {type: 'string', short: 't', value: 'TEXT', about: 'only tests with such a name'},
    },
    positionals: {min: 0, max: 1000},
    examples: [['npm test -- capture', 'one subject']],
  },
  'test:long': {
    name: 'test:long',
    summary:
      'What takes longer, or needs more: thousands of seeds, faults, a browser, fuzzing of the API.',
    forms: [
      ['', 'all, hours'],
      ['FILE …', 'only files with such a name'],
    ],
    options: {
      only: {type: 'string', short: 't', value: 'TEXT', about: 'only tests with such a name'},
    },
    positionals: {min: 0, max: 1000},
    examples: [['npm run test:long -- test/restore', 'one file']],
    notes: 'The result is stored in test/results/.',
  },
  bench: {
    name: 'bench',
    summary: 'Measures, on servers of its own, and stores the result in bench/results/.',
    forms: [
      ['NAME [OPTIONS]', 'one bench'],
      ['--list', 'benches, their settings, and when they ran last'],
    ],
    options: {
      list: flag('benches, their settings, and when they ran last'),
      set: {type: 'string', multiple: true, value: 'NAME=N', about: 'another value of a setting'},
      'no-store': flag('does not store the result'),
    },
    positionals: {min: 0, max: 1},
    examples: [['npm run bench -- relay', '']],
    notes:
      'BENCH_SERVERS=external: servers of the connection variables, with BENCH_PIDS=postgres:PID,kafka:PID for their CPU.',
  },
} as const satisfies Readonly<Record<string, Command>>

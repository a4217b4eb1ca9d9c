import {defineConfig} from 'vitest/config'
import {plantPlugin} from './test/plant.ts'

const never = ['**/node_modules/**', '**/dist/**', '**/.stack/**']
/** Tests say all settings themselves, whatever stands in the file of whoever runs them. */
const env = {ENV_FILE: 'none'}
const suites = ['pg', 'kafka', 'stack', 'long'] as const

/** What happens in the database is tested on an older PostgreSQL, too; all of it where a version is asked for. */
const older = [
  'capture',
  'outbox-ids',
  'hostile-settings',
  ...(process.env['POSTGRES_VERSION'] === undefined
    ? []
    : [
        'capture-*',
        'outbox',
        'backfill',
        'dead-letters',
        'lookups',
        'managed',
        'without-superuser',
      ]),
]

/** One project per kind of test: what a file needs to run is the suffix of its name. */
export default defineConfig({
  test: {
    // What is planted must not be found by the next run.
    fsModuleCache: process.env['PLANT'] === undefined,
    projects: [
      {
        plugins: [plantPlugin],
        test: {
          name: 'unit',
          env,
          include: ['**/*.test.ts'],
          exclude: [...never, '**/*.{pg,kafka,stack,long}.test.ts'],
          setupFiles: ['test/properties.ts'],
          // Left to itself vitest keeps a core free: of two that is half the time.
          maxWorkers: 2,
          // How fast the machine is, and what else it does, is nobody's fault.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'older',
          env,
          include: older.map(name => `test/${name}.pg.test.ts`),
          // Draws statements that only the newest one knows.
          exclude: ['test/capture-ddl-replay.pg.test.ts'],
          globalSetup: ['test/older-servers.ts'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      ...suites.map(name => ({
        test: {
          name,
          env,
          include: [`**/*.${name}.test.ts`],
          exclude: never,
          globalSetup: ['test/servers.ts'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      })),
    ],
  },
})

/** The whole owner against doubles of its servers, over many more histories: INV-30 to INV-54. */
import {execFile} from 'node:child_process'
import {availableParallelism} from 'node:os'
import {promisify} from 'node:util'
import {expect, test} from 'vitest'
import type {ModelJob, ModelJobDone} from './run-model.ts'

const SEEDS = Number(process.env['PROCESSOR_SEEDS'] ?? 3000)
/** Of one process. */
const CHUNK = 250
const PROCESSES = Math.max(1, Number(process.env['PROCESSOR_PROCESSES'] ?? availableParallelism()))

const run = promisify(execFile)

test(`over ${SEEDS} histories both stores equal the source in the end, or the partition says why it stands`, async () => {
  let next = 1
  let [done, standing] = [0, 0]
  const lane = async (): Promise<void> => {
    while (next <= SEEDS) {
      const from = next
      const to = Math.min(SEEDS, from + CHUNK - 1)
      next = to + 1
      const job: ModelJob = {from, to, symptom: '', patienceMs: 60_000}
      const {stdout} = await run(process.execPath, ['test/run-model.ts', JSON.stringify(job)])
      const chunk = JSON.parse(stdout) as ModelJobDone
      expect(chunk.found).toBeNull()
      done += to - from + 1
      standing += chunk.standing
      console.log(`${done} of ${SEEDS} histories, ${standing} stand still`)
    }
  }
  await Promise.all(Array.from({length: PROCESSES}, lane))
}, 7_200_000)

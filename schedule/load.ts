/**
 * Finds the jobs: what the files of a folder export and `job()` made.
 *
 * Does not      know any of them: another folder (WORKER_SCHEDULE_FOLDER) is another schedule.
 */
import {readdirSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {pathToFileURL} from 'node:url'
import type {NextTimes} from '../platform/jobs.ts'
import {messageOf} from '../platform/errors.ts'
import {isJob, type Job} from './job.ts'

const isDeclaration = (file: string): boolean =>
  file.endsWith('.ts') && !/(^load|^job|\.test|\.d)\.ts$/.test(file)

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter(isDeclaration).toSorted()
  } catch (error) {
    throw new TypeError(`there is no folder of jobs ${folder}: set WORKER_SCHEDULE_FOLDER`, {
      cause: error,
    })
  }
}

async function readExports(file: string): Promise<readonly Job[]> {
  try {
    const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>
    return Object.values(module).filter(isJob)
  } catch (error) {
    throw new TypeError(`${file}: ${messageOf(error)}`, {cause: error})
  }
}

/**
 * The jobs that the files of a folder export, by name.
 *
 * @param folder relative to the working directory
 * @throws a sentence about the folder, the file or the job that is wrong
 */
export async function loadJobs(folder: string, nextTimes: NextTimes): Promise<readonly Job[]> {
  const path = resolve(folder)
  const found = await Promise.all(
    listFiles(path).map(async file => await readExports(join(path, file))),
  )
  // A file may export again what another one made.
  const jobs = [...new Set(found.flat())].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  if (jobs.length === 0) throw new TypeError(`no file of ${path} exports a job`)
  checkJobs(jobs, nextTimes)
  return jobs
}

/** What one declaration alone does not show. @throws a sentence */
export function checkJobs(jobs: readonly Job[], nextTimes: NextTimes): void {
  for (const {name} of jobs) {
    if (jobs.filter(other => other.name === name).length > 1) {
      throw new TypeError(`two jobs are named ${name}: each needs a name of its own`)
    }
  }
  for (const one of jobs) {
    if (one.cron !== null) checkTimes(one, nextTimes)
    else checkTick(one, jobs)
  }
}

function checkTimes({name, cron, zone}: Job, nextTimes: NextTimes): void {
  if (cron!.trim().split(/\s+/).length !== 5) {
    throw new TypeError(
      `job ${name}: cron is "${cron}": give five fields: minute, hour, day, month, weekday`,
    )
  }
  try {
    if (nextTimes(cron!, zone, new Date(0), 1).length === 1) return
  } catch (error) {
    throw new TypeError(`job ${name}: cron "${cron}" in zone "${zone}": ${messageOf(error)}`, {
      cause: error,
    })
  }
  throw new TypeError(`job ${name}: cron "${cron}" is never due`)
}

/** All that a job comes after have one tick: the one time that everything began with. */
function checkTick(one: Job, jobs: readonly Job[]): void {
  const begins = new Set(rootsOf(one, jobs, []).map(({cron, zone}) => `${cron} in ${zone}`))
  if (begins.size === 1) return
  throw new TypeError(
    `job ${one.name} comes after jobs of several times (${[...begins].join(', ')}): only those of one time have the same tick`,
  )
}

/** The jobs with a time that it comes after, however many are between. */
function rootsOf(one: Job, jobs: readonly Job[], seen: readonly string[]): readonly Job[] {
  if (one.cron !== null) return [one]
  if (seen.includes(one.name)) {
    throw new TypeError(
      `jobs come after each other in a circle: ${[...seen, one.name].join(' → ')}`,
    )
  }
  return one.after.flatMap(name => {
    const before = jobs.find(other => other.name === name)
    if (before !== undefined) return rootsOf(before, jobs, [...seen, one.name])
    throw new TypeError(
      `job ${one.name} comes after ${name}, which is none of the jobs: there are ${jobs.map(job => job.name).join(', ')}`,
    )
  })
}

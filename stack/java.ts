/** Finds a Java of the version that all servers here run on. */
import {execFileSync} from 'node:child_process'
import {accessSync, constants, globSync, readFileSync, realpathSync} from 'node:fs'
import {homedir} from 'node:os'
import {basename, delimiter, dirname, join} from 'node:path'
import {StackError} from './errors.ts'

/** Cassandra 5.0 runs on Java 11 and 17 only, Kafka 4 on 17 and newer. */
export const JAVA_MAJOR = 17

export interface Java {
  readonly home: string
  readonly command: string
}

/** The major version in the output of `java -version` or in a `release` file. */
export function parseMajor(text: string): number | undefined {
  const found = /(?:version "|JAVA_VERSION=")(\d+)(?:\.(\d+))?/.exec(text)
  if (found === null) return undefined
  return Number(found[1] === '1' ? found[2] : found[1])
}

function majorOf(home: string): number | undefined {
  try {
    accessSync(join(home, 'bin/java'), constants.X_OK)
  } catch {
    return undefined
  }
  try {
    const major = parseMajor(readFileSync(join(home, 'release'), 'utf8'))
    if (major !== undefined) return major
  } catch {
    // Some builds come without that file: ask the program itself.
  }
  try {
    const shell = '"$0" -version 2>&1'
    return parseMajor(execFileSync('sh', ['-c', shell, join(home, 'bin/java')], {encoding: 'utf8'}))
  } catch {
    return undefined
  }
}

function homesOnPath(path: string): readonly string[] {
  return path.split(delimiter).flatMap(folder => {
    try {
      return [dirname(dirname(realpathSync(join(folder, 'java'))))]
    } catch {
      return []
    }
  })
}

/** A place may be given as a home, as its `bin` or as the program. */
function homesFrom(given: string): readonly string[] {
  if (basename(given) === 'java') return [dirname(dirname(given))]
  return [basename(given) === 'bin' ? dirname(given) : given]
}

export interface JavaPlaces {
  /** Given by STACK_JAVA: then nothing else is looked at. */
  readonly chosen: string | undefined
  /** JAVA_HOME. */
  readonly home: string | undefined
  readonly path: string
}

/** @throws StackError that says what was found and what to install */
export function findJava({chosen, home, path}: JavaPlaces): Java {
  const homes =
    chosen === undefined
      ? [
          ...(home === undefined ? [] : [home]),
          ...homesOnPath(path),
          ...globSync('/usr/lib/jvm/*'),
          ...globSync('/opt/*{jdk,java}*'),
          ...globSync(join(homedir(), '.sdkman/candidates/java/*')),
          ...globSync('/Library/Java/JavaVirtualMachines/*/Contents/Home'),
        ]
      : homesFrom(chosen)
  const found: string[] = []
  for (const candidate of new Set(homes)) {
    const major = majorOf(candidate)
    if (major === JAVA_MAJOR) return {home: candidate, command: join(candidate, 'bin/java')}
    if (major !== undefined) found.push(`${candidate} is Java ${major}`)
  }
  const where = chosen === undefined ? 'JAVA_HOME, PATH and /usr/lib/jvm' : `STACK_JAVA=${chosen}`
  throw new StackError(
    `Java ${JAVA_MAJOR} is needed for Kafka, Cassandra and the registry; looked at ${where}: ` +
      `${found.length === 0 ? 'there is no Java' : found.join(', ')}. ` +
      `Install it (Debian: apt install openjdk-17-jre-headless) or set STACK_JAVA to its folder`,
  )
}

/** Streams one after the other: what differs at first sight is collected in pages, then decided. */
import type {Stream} from '../../contracts/stream.ts'
import type {CommonPoint} from './common-point.ts'
import {decide, type Decided} from './decide.ts'
import type {Compared, Place} from './differences.ts'
import {nameOfPlace} from './look-again.ts'
import type {ProgressFile} from './progress.ts'
import type {StreamResult} from './report.ts'
import {compareKeys, compareRest, KEYS_AT_ONCE, readKeys, readKeysOfDay} from './stream.ts'

export interface Opened {
  readonly at: Compared
  readonly point: CommonPoint
}

export interface RunDeps {
  open(stream: Stream, report: Compared['report']): Promise<Opened>
  /** What differs goes through the outbox again. @returns what differs still */
  repair?(opened: Opened, decided: Decided): Promise<Decided>
  /** Told of each stream when it is done. */
  note(result: StreamResult): Promise<void>
  say(text: string, isLast?: boolean): void
}

export interface Question {
  readonly scope: string
  readonly key?: string | undefined
  /** Midnight, seconds since 1970. */
  readonly dayS?: number | undefined
}

/** More places are a store that has to be built again; they would not fit into memory, either. */
const SUSPECTS_MAX = 200_000

/** Places that differed, each once. */
function createSuspects(known: readonly Place[] = []) {
  const places = new Map(known.map(place => [nameOfPlace(place), place]))
  return {
    report({place}: {readonly place: Place}): void {
      if (places.size < SUSPECTS_MAX) places.set(nameOfPlace(place), place)
    },
    get size() {
      return places.size
    },
    all: (): readonly Place[] => [...places.values()],
  }
}

async function finish(
  deps: RunDeps,
  opened: Opened,
  suspects: readonly Place[],
  of: {readonly scope: string; readonly startedAt: Date; readonly keys: number},
): Promise<StreamResult> {
  const stream = opened.at.stream.name
  if (suspects.length > 0)
    deps.say(`${stream}: ${suspects.length} values are looked at again`, true)
  const say = (line: string): void => deps.say(`${stream}: ${line}`)
  let decided = await decide(opened.at, {point: opened.point, say}, suspects)
  const found = decided.differences.length
  if (found > 0 && deps.repair !== undefined) {
    deps.say(`${stream}: ${found} differences are repaired`, true)
    decided = await deps.repair(opened, decided)
  }
  const repaired = Math.max(0, found - decided.differences.length)
  const result = {stream, ...of, ...decided, repaired}
  await deps.note(result)
  return result
}

/** Every key of every stream, then what belongs to none. */
export async function reconcileAll(
  streams: readonly Stream[],
  deps: RunDeps,
  file: ProgressFile,
): Promise<readonly StreamResult[]> {
  const kept = file.read()
  const done = [...kept.done]
  let {after, keys, suspects: known} = kept
  if (after !== null) deps.say(`going on after ${after}`, true)
  for (const stream of streams.filter(({name}) => !done.some(one => one.stream === name))) {
    const startedAt = new Date()
    const suspects = createSuspects(known)
    const opened = await deps.open(stream, one => suspects.report(one))
    try {
      for (;;) {
        const page = await readKeys(opened.at, after)
        await compareKeys(opened.at, page)
        keys += page.length
        after = page.at(-1) ?? after
        file.keep({done, after, keys, suspects: suspects.all()})
        const isLast = page.length < KEYS_AT_ONCE
        const isFirst = keys === page.length
        deps.say(
          `${stream.name}: ${keys} keys compared, ${suspects.size} to look at again`,
          isFirst || isLast,
        )
        if (isLast) break
      }
      await compareRest(opened.at, Math.floor(Date.now() / 1000))
      done.push(await finish(deps, opened, suspects.all(), {scope: 'all', startedAt, keys}))
    } finally {
      await opened.point.close()
    }
    after = null
    keys = 0
    known = []
    file.keep({done, after, keys, suspects: known})
  }
  file.drop()
  return done
}

/** A key, or those of a day. */
export async function reconcileSome(
  streams: readonly Stream[],
  deps: RunDeps,
  {scope, key, dayS}: Question,
): Promise<readonly StreamResult[]> {
  const done: StreamResult[] = []
  for (const stream of streams) {
    const startedAt = new Date()
    const suspects = createSuspects()
    const opened = await deps.open(stream, one => suspects.report(one))
    try {
      const keys = key === undefined ? await readKeysOfDay(opened.at, dayS!) : [key]
      for (let i = 0; i < keys.length; i += KEYS_AT_ONCE) {
        const some = keys.slice(i, i + KEYS_AT_ONCE)
        await compareKeys(opened.at, some, {withRaw: true})
        deps.say(`${stream.name}: ${i + some.length} of ${keys.length} keys compared`)
      }
      done.push(await finish(deps, opened, suspects.all(), {scope, startedAt, keys: keys.length}))
    } finally {
      await opened.point.close()
    }
  }
  return done
}

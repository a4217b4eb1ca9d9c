/** Tests of texts that a caller gives as patterns, each in time linear in the text. Pure. */
import {RE2JS} from 're2js'

export type TextTest = (text: string) => boolean

const flagsOf = (isCaseSensitive: boolean): number => (isCaseSensitive ? 0 : RE2JS.CASE_INSENSITIVE)

/** Steps of a compiled pattern: each letter of a text takes at most so many. */
const STEPS_MAX = 1000

function compile(pattern: string, flags: number): RE2JS {
  const compiled = RE2JS.compile(pattern, flags)
  if (compiled.programSize() <= STEPS_MAX) return compiled
  throw new RangeError(`it takes ${compiled.programSize()} steps, at most ${STEPS_MAX} are taken`)
}

/**
 * Whether a text has what the pattern describes anywhere, in the syntax of RE2.
 *
 * @throws a sentence when the pattern is none, or too large
 */
export function compilePattern(pattern: string, isCaseSensitive: boolean): TextTest {
  const compiled = compile(pattern, flagsOf(isCaseSensitive))
  return text => compiled.test(text)
}

/** Whether the whole text fits: `*` and `**` are any characters, also none, everything else is itself. */
export function compileWildcard(wildcard: string, isCaseSensitive: boolean): TextTest {
  const pattern = wildcard
    .split(/\*+/)
    .map(text => RE2JS.quote(text))
    .join('.*')
  const compiled = compile(pattern, flagsOf(isCaseSensitive) | RE2JS.DOTALL)
  return text => compiled.testExact(text)
}

/** Two texts, line by line: what went, what came, and a little around it. Pure. */

type Line = readonly [sign: ' ' | '-' | '+', text: string]

const AROUND = 2

/** Lengths of the longest common end from each pair of lines on. */
function commonEnds(a: readonly string[], b: readonly string[]): readonly Uint16Array[] {
  const lengths = Array.from({length: a.length + 1}, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i]![j] =
        a[i] === b[j]
          ? lengths[i + 1]![j + 1]! + 1
          : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!)
    }
  }
  return lengths
}

function linesOf(before: string, after: string): readonly Line[] {
  const [a, b] = [before.split('\n'), after.split('\n')]
  const ends = commonEnds(a, b)
  const lines: Line[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && a[i] === b[j]) {
      lines.push([' ', a[i]!])
      i += 1
      j += 1
    } else if (i < a.length && (j === b.length || ends[i + 1]![j]! >= ends[i]![j + 1]!)) {
      lines.push(['-', a[i++]!])
    } else lines.push(['+', b[j++]!])
  }
  return lines
}

/** Empty when the texts are equal. */
export function diffOf(before: string, after: string): string {
  const lines = linesOf(before, after)
  const isNear = (i: number): boolean =>
    lines.slice(Math.max(0, i - AROUND), i + AROUND + 1).some(([sign]) => sign !== ' ')
  return lines
    .flatMap(([sign, text], i) => (isNear(i) ? [`${sign} ${text}`.trimEnd()] : []))
    .join('\n')
}

/** Which lines were taken out and put in between two texts: longest common subsequence. */

export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added'
  readonly text: string
}

/** Beyond this many lines the comparison is too much for a page; everything shows as changed. */
const LINES_MAX = 2000

export function diffLines(before: string, after: string): readonly DiffLine[] {
  const a = before.split('\n')
  const b = after.split('\n')
  const all = (lines: readonly string[], kind: DiffLine['kind']): DiffLine[] =>
    lines.map(text => ({kind, text}))
  if (a.length > LINES_MAX || b.length > LINES_MAX)
    return [...all(a, 'removed'), ...all(b, 'added')]
  const lengths = commonLengths(a, b)
  const lines: DiffLine[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push({kind: 'same', text: a[i]!})
      i++
      j++
    } else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!)
      lines.push({kind: 'removed', text: a[i++]!})
    else lines.push({kind: 'added', text: b[j++]!})
  }
  return [...lines, ...all(a.slice(i), 'removed'), ...all(b.slice(j), 'added')]
}

/** `[i][j]`: length of the longest common subsequence of `a` from i and `b` from j. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly Uint16Array[] {
  const table = Array.from({length: a.length + 1}, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i]![j] =
        a[i] === b[j] ? table[i + 1]![j + 1]! + 1 : Math.max(table[i + 1]![j]!, table[i]![j + 1]!)
    }
  }
  return table
}

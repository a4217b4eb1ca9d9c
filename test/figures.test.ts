/** Measured numbers in the documents are those of stored results. */
import {globSync, readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {readResults} from '../bench/results.ts'
import {figuresOf, fillFigures, formatFigure, storedValues} from '../scripts/figures.ts'

const results = readResults()
const pages = ['README.md', ...globSync('{docs,deploy}/**/*.md')]
  .map(page => ({page, figures: figuresOf(readFileSync(page, 'utf8'))}))
  .filter(({figures}) => figures.length > 0)

describe.each(pages)('$page', ({figures}) => {
  test('every figure stands in a stored result', () => {
    const unknown = figures.filter(figure => !storedValues(figure, results).includes(figure.text))
    expect(unknown).toEqual([])
  })
})

test('a figure that was never measured is noticed, one that was is brought up to date', () => {
  const spread = (median: number) => ({median, min: median, max: median})
  const result = {
    bench: 'drain',
    at: '2026-01-01',
    summary: [{label: 'one', rounds: 1, figures: {rows_per_s: spread(61_234)}}],
  } as never
  const text = '<!-- figure drain / one / rows_per_s -->1<!-- end --> rows'
  expect(fillFigures(text, [result])).toBe(
    '<!-- figure drain / one / rows_per_s -->61,200<!-- end --> rows',
  )
  expect(storedValues({bench: 'drain', label: 'two', name: 'rows_per_s'}, [result])).toEqual([])
  expect([9.876, 14.16, 0.0412, 123_456].map(formatFigure)).toEqual([
    '9.88',
    '14.2',
    '0.041',
    '123,000',
  ])
})

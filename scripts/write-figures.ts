/** Brings the measured figures in the documents up to the newest stored results. */
import {globSync, readFileSync, writeFileSync} from 'node:fs'
import {readResults} from '../bench/results.ts'
import {figuresOf, fillFigures, storedValues} from './figures.ts'

const results = readResults()
for (const page of ['README.md', ...globSync('{docs,deploy}/**/*.md')]) {
  const text = readFileSync(page, 'utf8')
  const figures = figuresOf(text)
  if (figures.length === 0) continue
  for (const figure of figures) {
    if (storedValues(figure, results).length > 0) continue
    console.error(`${page}: no stored result of ${figure.bench} / ${figure.label} / ${figure.name}`)
    process.exitCode = 1
  }
  writeFileSync(page, fillFigures(text, results))
  console.log(`${page}: ${figures.length} figures`)
}

/** Writes `client/schema.ts`, the types of the API's client, from the API's own OpenAPI document. */
import {readFileSync, writeFileSync} from 'node:fs'
import {buildDocument} from '../api/document.ts'
import {typesOf} from './openapi-types.ts'

const FILE = 'client/schema.ts'
const text = typesOf(await buildDocument())
if (process.argv.includes('--check')) {
  if (readFileSync(FILE, 'utf8') !== text) {
    console.error(`${FILE} is not that of the API: npm run generate`)
    process.exitCode = 1
  }
} else {
  writeFileSync(FILE, text)
  console.log(`${FILE} written`)
}

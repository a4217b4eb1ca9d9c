/** Writes the GraphQL schema as a file, for readers and for tools: `docs/schema.graphql`. */
import {writeFileSync} from 'node:fs'
import {buildSchema, printSchema} from 'graphql'
import {SDL} from '../api/graphql/schema.ts'

const FILE = 'docs/schema.graphql'
writeFileSync(FILE, `${printSchema(buildSchema(SDL))}\n`)
console.log(`${FILE} written`)

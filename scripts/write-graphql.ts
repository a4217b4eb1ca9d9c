/** Writes the GraphQL schema as a file, for readers and for tools: `docs/schema.graphql`. */
import {writeFileSync} from 'node:fs'
import {buildSchema, printSchema} from 'graphql'
import {graphOf} from '../api/graphql/schema.ts'
import {envReader} from '../platform/config.ts'
import {readStreamsFolder} from '../platform/connections.ts'
import {planStream} from '../readmodel/plan.ts'
import {loadStreams} from '../streams/load.ts'

const FILE = 'docs/schema.graphql'
const streams = await loadStreams(readStreamsFolder(envReader(process.env)))
const counted = streams.filter(({isReference}) => !isReference)
const {sdl} = graphOf(counted.map(planStream), streams)
writeFileSync(FILE, `${printSchema(buildSchema(sdl))}\n`)
console.log(`${FILE} written`)

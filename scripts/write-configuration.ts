/** Writes docs/CONFIGURATION.md and .env.example from the config readers. */
import {writeFileSync} from 'node:fs'
import {renderEnvExample, renderReference} from './configuration.ts'

writeFileSync('docs/CONFIGURATION.md', renderReference())
writeFileSync('.env.example', renderEnvExample())
console.log('written: docs/CONFIGURATION.md, .env.example')

/** Name and text of a stream's schema file. Pure. */
import type {Stream} from '../contracts/stream.ts'

export const schemaFile = ({topic}: Stream): string => `contracts/schemas/${topic}.avsc`

export const schemaText = ({schema}: Stream): string => `${JSON.stringify(schema, null, 2)}\n`

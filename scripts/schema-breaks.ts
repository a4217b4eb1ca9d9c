/** Whether readers of a topic could take the schema that a stream declares now. */
import type {AvroRecord} from '../contracts/columns.ts'
import {breaksOf} from '../contracts/evolution.ts'
import type {Stream} from '../contracts/stream.ts'
import {topicName, valueSubject} from '../contracts/topics.ts'
import {PipelineError} from '../platform/errors.ts'
import type {Registry} from '../platform/registry.ts'
import {commandLine} from './command.ts'

/** The newest schema of a subject; null when it has none yet. */
async function latestSchema(registry: Registry, subject: string): Promise<AvroRecord | null> {
  try {
    const newest = (await registry.versions(subject)).at(-1)
    if (newest === undefined) return null
    return (await registry.version(subject, newest)).schema as AvroRecord
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'SCHEMA_UNKNOWN') return null
    throw error
  }
}

/** Why they could not, and the way out, a sentence each; none: they can. */
export async function findBreaks(
  registry: Registry,
  {name, topic, schema}: Stream,
  prefix: string,
): Promise<readonly string[]> {
  const before = await latestSchema(registry, valueSubject(topicName(prefix, topic)))
  const breaks = before === null ? [] : breaksOf(before, schema)
  if (breaks.length === 0) return []
  return [
    `records of ${topic} that are there could not be read any more: ${breaks.join('; ')}`,
    `give the column its type again, or the stream another topic (topic: '${topic}_2'), then ${commandLine('init')} and ${commandLine('rebuild', name)}`,
  ]
}

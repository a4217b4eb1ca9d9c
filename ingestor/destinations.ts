/** Where each topic's rows go: its stream, its encoder with the registered id, its partition count. */
import type {Stream} from '../contracts/stream.ts'
import {topicName, valueSubject} from '../contracts/topics.ts'
import {createEncoder} from '../platform/avro-codec.ts'
import {PipelineError} from '../platform/errors.ts'
import type {KafkaAdmin} from '../platform/kafka.ts'
import type {Registry} from '../platform/registry.ts'
import type {Route} from './publish.ts'
import {createRowWriter} from './row-writer.ts'

export type Routes = ReadonlyMap<string, Route>

/**
 * Looks topics and schema ids up; run time registers nothing.
 *
 * @throws `SCHEMA_UNKNOWN` when a schema was never registered, `UPSTREAM_UNAVAILABLE`
 */
export async function findRoutes(
  deps: {
    readonly admin: KafkaAdmin
    readonly registry: Registry
    readonly streams: readonly Stream[]
  },
  options: {readonly topicPrefix: string; readonly recordBytesMax: number},
): Promise<Routes> {
  const topics = new Map((await deps.admin.listTopics()).map(t => [t.topic, t.partitions]))
  const routes = new Map<string, Route>()
  for (const stream of deps.streams) {
    const topic = topicName(options.topicPrefix, stream.topic)
    const id = await deps.registry.idOf(valueSubject(topic), stream.schema)
    const {recordBytesMax} = options
    const writer = createRowWriter(stream, id)
    const encoder = createEncoder(stream.schema, id, recordBytesMax)
    const partitions = topics.get(topic)
    routes.set(stream.topic, {stream, writer, encoder, recordBytesMax, partitions})
  }
  return routes
}

/** At start a missing topic is a missing init, not a bad row. @throws `TOPIC_UNKNOWN` */
export function assertComplete(routes: Routes): void {
  const missing = [...routes.values()].filter(route => route.partitions === undefined)
  if (missing.length === 0) return
  const names = missing.map(route => route.stream.topic).join(', ')
  throw new PipelineError('TOPIC_UNKNOWN', `no topic ${names}: run npm run init`, {
    disposition: 'retry',
  })
}

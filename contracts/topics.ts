/** Names in Kafka and in the registry. A prefix keeps pipelines apart that share a broker. */

/** Partitions of a topic when it is created. The count of a live topic never changes. */
export const DEFAULT_PARTITIONS = 6

export const topicName = (prefix: string, topic: string): string => `${prefix}${topic}`
export const deadLetterTopic = (topic: string): string => `${topic}.dlq`
/** Events that a system which is not ours never takes. */
export const sinkLetterTopic = (topic: string): string => deadLetterTopic(`${topic}.sink`)
/** Which ids of the outbox may have been published: one small record in a while, compacted. */
export const idCeilingTopic = (prefix: string): string => topicName(prefix, 'outbox_id_ceiling')
export const valueSubject = (topic: string): string => `${topic}-value`

/** Opens the Kafka ports with the client that the settings name. */
import type {KafkaConnection} from './connections.ts'
import {openKafkajsAdmin} from './kafka-kafkajs-admin.ts'
import type {ClientOptions} from './kafka-kafkajs-client.ts'
import {openKafkajsPublisher} from './kafka-kafkajs-publisher.ts'
import {openKafkajsSubscriber, type SubscriberOptions} from './kafka-kafkajs-subscriber.ts'
import type {KafkaAdmin, Publisher, Subscriber} from './kafka.ts'

export type {ClientOptions} from './kafka-kafkajs-client.ts'
export type {SubscriberOptions} from './kafka-kafkajs-subscriber.ts'

/** @throws `UPSTREAM_UNAVAILABLE` when no broker answers */
export const openPublisher = (
  connection: KafkaConnection,
  options: ClientOptions,
): Promise<Publisher> => openKafkajsPublisher(connection, options)

export const openSubscriber = (
  connection: KafkaConnection,
  options: SubscriberOptions,
): Subscriber => openKafkajsSubscriber(connection, options)

/** @throws `UPSTREAM_UNAVAILABLE` when no broker answers */
export const openAdmin = (
  connection: KafkaConnection,
  options: ClientOptions,
): Promise<KafkaAdmin> => openKafkajsAdmin(connection, options)

/** Opens the Kafka ports with the client that the settings name. */
import type {KafkaConnection} from './connections.ts'
import {openKafkajsAdmin} from './kafka-kafkajs-admin.ts'
import type {ClientOptions} from './kafka-kafkajs-client.ts'
import {openKafkajsPublisher} from './kafka-kafkajs-publisher.ts'
import {openKafkajsSubscriber, type SubscriberOptions} from './kafka-kafkajs-subscriber.ts'
import {openPlatformaticPublisher} from './kafka-platformatic-publisher.ts'
import {openPlatformaticSubscriber} from './kafka-platformatic-subscriber.ts'
import type {KafkaAdmin, Publisher, Subscriber} from './kafka.ts'

export type {ClientOptions} from './kafka-kafkajs-client.ts'
export type {SubscriberOptions} from './kafka-kafkajs-subscriber.ts'

/** @throws `UPSTREAM_UNAVAILABLE` when no broker answers */
export const openPublisher = (
  connection: KafkaConnection,
  options: ClientOptions,
): Promise<Publisher> =>
  connection.client === 'platformatic'
    ? openPlatformaticPublisher(connection, options)
    : openKafkajsPublisher(connection, options)

export const openSubscriber = (
  connection: KafkaConnection,
  options: SubscriberOptions,
): Subscriber =>
  connection.client === 'platformatic'
    ? openPlatformaticSubscriber(connection, options)
    : openKafkajsSubscriber(connection, options)

/** Administration is no matter of speed: one client does it. @throws `UPSTREAM_UNAVAILABLE` */
export const openAdmin = (
  connection: KafkaConnection,
  options: ClientOptions,
): Promise<KafkaAdmin> => openKafkajsAdmin(connection, options)

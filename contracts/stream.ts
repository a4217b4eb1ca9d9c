import type {AvroRecord, Column} from './columns.ts'

/** One kind of event: a source table, a topic, an Avro schema. */
export interface Stream {
  readonly name: string
  /** Topic, equal to the `topic` column of the outbox; a configured prefix may precede it in Kafka. */
  readonly topic: string
  /** Source table in PostgreSQL, schema-qualified. */
  readonly table: string
  /** Column whose text is the Kafka key: the entity whose order matters. */
  readonly keyColumn: string
  /** Column that identifies a source row. */
  readonly idColumn: string
  readonly columns: readonly Column[]
  readonly schema: AvroRecord
}

/** Decodes a record of any schema for people: what cannot be read is said, never thrown. */
import type avsc from 'avsc'
import {compileSchema} from '../../platform/avro-codec.ts'
import {FRAME_HEADER_BYTES, readSchemaId} from '../../platform/frame.ts'
import {messageOf} from '../../platform/errors.ts'

export interface DecodedValue {
  readonly schemaId: number | null
  /** Plain JSON, or undefined when it cannot be decoded. */
  readonly value: unknown
  readonly error: string | null
}

export interface AnyDecoder {
  decode(value: Buffer | null): Promise<DecodedValue>
}

const SCHEMAS_MAX = 500

/** Values of records as JSON: bytes in hex, numbers that JSON does not have as text, maps and records as objects. */
export function toPlain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (Array.isArray(value)) return value.map(toPlain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toPlain(item)]))
}

export function createAnyDecoder(schemaById: (id: number) => Promise<object>): AnyDecoder {
  const types = new Map<number, avsc.Type>()
  const typeOf = async (id: number): Promise<avsc.Type> => {
    const known = types.get(id)
    if (known !== undefined) return known
    const type = compileSchema(await schemaById(id))
    if (types.size >= SCHEMAS_MAX) types.clear()
    types.set(id, type)
    return type
  }
  return {
    async decode(value) {
      if (value === null) return {schemaId: null, value: null, error: null}
      const id = readSchemaId(value)
      if (id === undefined) {
        const error = 'not framed: expected a zero byte and a schema id'
        return {schemaId: null, value: undefined, error}
      }
      try {
        const type = await typeOf(id)
        const decoded: unknown = type.fromBuffer(value.subarray(FRAME_HEADER_BYTES))
        return {schemaId: id, value: toPlain(decoded), error: null}
      } catch (error) {
        return {schemaId: id, value: undefined, error: messageOf(error)}
      }
    },
  }
}

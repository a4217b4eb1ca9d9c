/**
 * Avro in the hot path: pooled encoding, decoding with one resolver per writer schema.
 *
 * The registry's own library is not used here: it compiles a resolver for each message.
 */
import avsc from 'avsc'
import {createDecimal, type Decimal} from './avro-decimal.ts'
import {FRAME_HEADER_BYTES, readSchemaId, writeFrameHeader} from './frame.ts'
import {messageOf, PipelineError} from './errors.ts'

const POOL_BYTES = 1 << 20

/** A decimal as text; the other logical types stay the plain values that they are made of. */
class DecimalType extends avsc.types.LogicalType {
  readonly #decimal: Decimal
  readonly #scale: number

  constructor(schema: avsc.Schema, options?: unknown) {
    super(schema, options)
    const {precision = 0, scale = 0} = schema as {precision?: number; scale?: number}
    this.#decimal = createDecimal(precision, scale)
    this.#scale = scale
  }

  protected override _toValue(text: unknown): Buffer | undefined {
    return typeof text === 'string' ? this.#decimal.toBytes(text) : undefined
  }

  protected override _fromValue(bytes: Buffer): string {
    return this.#decimal.toText(bytes)
  }

  /** What was written with fewer digits behind the point gets zeros; more could not be kept. */
  protected override _resolve(written: unknown): ((text: string) => string) | undefined {
    if (!(written instanceof DecimalType)) return undefined
    const missing = this.#scale - written.#scale
    if (missing < 0) {
      throw new TypeError(`${written.#scale} digits behind the point do not fit in ${this.#scale}`)
    }
    const zeros = (written.#scale === 0 && missing > 0 ? '.' : '') + '0'.repeat(missing)
    return text => text + zeros
  }
}

/** The type of a schema, as our records are written and read. @throws when it is no schema */
export const compileSchema = (schema: object): avsc.Type =>
  avsc.Type.forSchema(schema as avsc.Schema, {logicalTypes: {decimal: DecimalType}})

export interface Encoder {
  /**
   * The framed value: a view into a pool, never written again.
   *
   * @param roomBytes by so much it may be larger than others
   * @throws `ENCODE_FAILED` naming the field
   */
  encode(value: object, roomBytes?: number): Buffer
}

/** @param recordBytesMax larger values throw `RECORD_TOO_LARGE` (dead-letter) */
export function createEncoder(schema: object, schemaId: number, recordBytesMax: number): Encoder {
  const type = compileSchema(schema)
  let pool = Buffer.allocUnsafeSlow(POOL_BYTES)
  let used = 0
  return {
    encode(value, roomBytes = 0) {
      const start = used
      const most = recordBytesMax + roomBytes
      let end: number
      try {
        end = type.encode(value, pool, start + FRAME_HEADER_BYTES)
      } catch (error) {
        throw new PipelineError('ENCODE_FAILED', reasonOf(type, value, error), {
          disposition: 'dead-letter',
          cause: error,
        })
      }
      if (end < 0 || end > pool.length) {
        const bytes = (end < 0 ? pool.length - end : end) - start
        if (bytes > most) throw tooLarge(bytes, most)
        pool = Buffer.allocUnsafeSlow(Math.max(POOL_BYTES, bytes + FRAME_HEADER_BYTES + 64))
        used = 0
        return this.encode(value, roomBytes)
      }
      if (end - start > most) throw tooLarge(end - start, most)
      writeFrameHeader(pool, start, schemaId)
      used = end
      return pool.subarray(start, end)
    },
  }
}

const tooLarge = (bytes: number, max: number): PipelineError =>
  new PipelineError('RECORD_TOO_LARGE', `the record has ${bytes} bytes, at most ${max} go`, {
    disposition: 'dead-letter',
  })

function reasonOf(type: avsc.Type, value: object, error: unknown): string {
  const bad: string[] = []
  type.isValid(value, {
    errorHook: (path, any: unknown) => {
      if (bad.length < 3) bad.push(`${path.join('.')} = ${String(any).slice(0, 100)}`)
    },
  })
  return bad.length === 0 ? messageOf(error) : `does not fit the schema: ${bad.join(', ')}`
}

export interface Decoder<T> {
  /**
   * The decoded value; undefined when the schema it was written with must be `prepare`d first.
   *
   * @throws `DECODE_FAILED` (dead-letter)
   */
  decode(value: Buffer): T | undefined
  /** Fetches the schema that `value` was written with. @throws `SCHEMA_UNKNOWN`, `UPSTREAM_UNAVAILABLE` */
  prepare(value: Buffer): Promise<void>
}

const undecodable = (message: string, cause?: unknown): PipelineError =>
  new PipelineError('DECODE_FAILED', message, {disposition: 'dead-letter', cause})

/** @param schemaById asks the registry; answers are kept for ever, ids never change their meaning */
export function createDecoder<T>(
  readerSchema: object,
  schemaById: (id: number) => Promise<object>,
): Decoder<T> {
  const reader = compileSchema(readerSchema)
  const writers = new Map<number, {type: avsc.Type; resolver: unknown}>()
  return {
    decode(value) {
      const id = readSchemaId(value)
      if (id === undefined)
        throw undecodable('the value is not framed: expected a zero byte and a schema id')
      const writer = writers.get(id)
      if (writer === undefined) return undefined
      try {
        // `type` is the reader's, told how the writer laid the bytes out.
        const body = value.subarray(FRAME_HEADER_BYTES)
        return reader.fromBuffer(body, writer.resolver as never) as T
      } catch (error) {
        throw undecodable(`not a value of schema ${id}: ${messageOf(error)}`, error)
      }
    },
    async prepare(value) {
      const id = readSchemaId(value)
      if (id === undefined || writers.has(id)) return
      const schema = await schemaById(id)
      try {
        const type = compileSchema(schema)
        writers.set(id, {type, resolver: reader.createResolver(type)})
      } catch (error) {
        throw undecodable(`schema ${id} cannot be read as ours: ${messageOf(error)}`, error)
      }
    },
  }
}

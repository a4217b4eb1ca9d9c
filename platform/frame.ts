/** The Confluent wire format: a zero byte, the schema id as big-endian int32, the Avro body. */

export const FRAME_HEADER_BYTES = 5

/** Writes the header for `schemaId` at `offset` of `target`. */
export function writeFrameHeader(target: Buffer, offset: number, schemaId: number): void {
  target[offset] = 0
  target.writeInt32BE(schemaId, offset + 1)
}

/** The schema id of a framed value, or undefined when the bytes are not a frame. */
export function readSchemaId(value: Buffer): number | undefined {
  if (value.length < FRAME_HEADER_BYTES || value[0] !== 0) return undefined
  return value.readInt32BE(1)
}

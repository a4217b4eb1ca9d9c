/**
 * Avro's decimal: the digits of a text such as `-12.50` as a two's complement integer, big end first,
 * in as few bytes as Java's `BigInteger.toByteArray()` takes. Exact for any number of digits.
 */

/** As many digits as six bytes hold, which numbers do; beyond it is BigInt. */
export const QUICK_DIGITS_MAX = 14
const QUICK_BYTES_MAX = 6

export interface Decimal {
  /** Undefined for what is no number with exactly `scale` digits behind the point, or has too many digits. */
  toBytes(text: string): Buffer | undefined
  /** With exactly `scale` digits behind the point. @throws for no bytes, or more than the digits need */
  toText(bytes: Buffer): string
}

/** Bytes of a whole number of at most `QUICK_DIGITS_MAX` digits. */
export function quickBytesOf(value: number): number {
  const size = value < 0 ? -1 - value : value
  let bytes = 1
  for (let limit = 128; size >= limit; limit *= 256) bytes += 1
  return bytes
}

function writeWhole(digits: string): Buffer {
  if (digits.length <= QUICK_DIGITS_MAX) {
    const value = Number(digits)
    const bytes = Buffer.allocUnsafe(quickBytesOf(value))
    bytes.writeIntBE(value, 0, bytes.length)
    return bytes
  }
  const value = BigInt(digits)
  const bits = (value < 0n ? ~value : value).toString(2).length + 1
  const length = Math.ceil(bits / 8)
  const hex = BigInt.asUintN(length * 8, value).toString(16)
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex')
}

function readWhole(bytes: Buffer): string {
  const {length} = bytes
  if (length <= QUICK_BYTES_MAX) return String(bytes.readIntBE(0, length))
  return String(BigInt.asIntN(length * 8, BigInt(`0x${bytes.toString('hex')}`)))
}

export function createDecimal(precision: number, scale: number): Decimal {
  const shape = new RegExp(scale === 0 ? '^-?\\d+$' : `^-?\\d+\\.\\d{${scale}}$`)
  // Millions of digits would take minutes, whoever wrote them.
  const bytesMax = Math.ceil((precision * Math.log2(10) + 1) / 8)
  return {
    toBytes(text) {
      if (!shape.test(text)) return undefined
      const digits = scale === 0 ? text : text.slice(0, -scale - 1) + text.slice(-scale)
      if (digits.length > precision && digits.replace(/^-?0*/, '').length > precision) {
        return undefined
      }
      return writeWhole(digits)
    },
    toText(bytes) {
      if (bytes.length === 0 || bytes.length > bytesMax) {
        throw new RangeError(`a decimal of ${precision} digits has 1 to ${bytesMax} bytes`)
      }
      const whole = readWhole(bytes)
      if (scale === 0) return whole
      const sign = whole.startsWith('-') ? '-' : ''
      const digits = whole.slice(sign.length).padStart(scale + 1, '0')
      return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
    },
  }
}

/** Raw bytes as engineers read them: offset, hexadecimal, text. */

export interface HexLine {
  readonly offset: string
  readonly hex: string
  readonly text: string
}

const WIDTH = 16

export const decodeBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), char => char.charCodeAt(0))

/** Lines of sixteen bytes. What is not printable ASCII shows as a dot. */
export function toHexLines(bytes: Uint8Array): readonly HexLine[] {
  const lines: HexLine[] = []
  for (let start = 0; start < bytes.length; start += WIDTH) {
    const part = [...bytes.subarray(start, start + WIDTH)]
    lines.push({
      offset: start.toString(16).padStart(4, '0'),
      hex: part.map(byte => byte.toString(16).padStart(2, '0')).join(' '),
      text: part.map(byte => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join(''),
    })
  }
  return lines
}

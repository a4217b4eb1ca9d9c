/**
 * Names of devices as keys of breakdowns. A missing device is `(none)`; a real name that starts
 * with a parenthesis gets a second one, so nothing collides; what is too long, or beyond the number
 * of devices that one row holds, counts as `(other)`.
 */
export const NO_DEVICE = '(none)'
export const OTHER_DEVICE = '(other)'
export const DEVICE_CHARACTERS_MAX = 64
/** Devices of one aggregate row; `(other)` comes on top. */
export const DEVICES_MAX = 50

export function deviceKeyOf(device: string | null): string {
  if (device === null) return NO_DEVICE
  if (device.length > DEVICE_CHARACTERS_MAX) return OTHER_DEVICE
  return device.startsWith('(') ? `(${device}` : device
}

/** The device behind a key; null for `(none)`. `(other)` is many and stays as it is. */
export function deviceOfKey(key: string): string | null {
  if (key === NO_DEVICE) return null
  return key.startsWith('((') ? key.slice(1) : key
}

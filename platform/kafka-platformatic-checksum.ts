/** CRC-32C in native code or WebAssembly, whichever is there: twenty times as fast as in JavaScript. */
export {crc32c} from '@platformatic/kafka'

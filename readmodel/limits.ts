/** How much one row and one call hold at most: apart from what uses them, so that a test can make them small. */

/** A larger body of a row lies in parts of so many bytes. */
export const BODY_BYTES_MAX = 64 * 1024
/** Of statements of one partition in one batch. */
export const PARTITION_BYTES_MAX = 128 * 1024
/** Of a batch across partitions: the server warns from 5 KiB. */
export const MIXED_BYTES_MAX = 4600
/** Ids of one row of a list: some kilobytes; of texts as many as a body of a row may be long. */
export const IDS_PER_ROW = 4096

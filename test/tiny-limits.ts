/** Limits of rows, batches and lists so small that a few events come to them, in place of `readmodel/limits.ts`. */
export const tinyLimits = {
  BODY_BYTES_MAX: 150,
  PARTITION_BYTES_MAX: 500,
  MIXED_BYTES_MAX: 400,
  IDS_PER_ROW: 4,
}

/** Of histories that meet them. */
export const TINY_RUN = {changes: 120, mutationBytesMax: 510, upset: null} as const

/**
 * Waits for all of several calls, also when one fails.
 *
 * Guarantees    when it throws nothing is in flight any more: a repetition never meets a late answer
 *               of the attempt before.
 */
export async function settleAll<const T extends readonly unknown[]>(
  calls: T,
): Promise<{-readonly [P in keyof T]: Awaited<T[P]>}> {
  await Promise.allSettled(calls)
  return await Promise.all(calls)
}

/** What a person can correct: shown without a stack trace. */
export class StackError extends Error {
  override readonly name = 'StackError'
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** What the API needs of PostgreSQL. */

export interface Rows<T> {
  readonly rows: readonly T[]
  readonly rowCount: number
}

export interface Session {
  query<T = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Rows<T>>
}

export interface Database extends Session {
  /** Commits when `work` resolves, rolls back when it rejects. */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>
}

/** A column of times under its own name: RFC 3339 with microseconds, UTC. */
export const utcText = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${column}`

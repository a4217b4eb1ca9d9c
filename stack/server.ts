/** What the stack must know about a server to run it. One file per server fills this in. */
import type {ServerName, StackConfig} from './config.ts'
import type {Java} from './java.ts'
import type {Fetcher} from './maven.ts'
import type {Program} from './processes.ts'

export interface ServerContext {
  readonly config: StackConfig
  /** Asked for only by servers that run on it. */
  readonly java: () => Java
  readonly fetcher: Fetcher
  readonly progress: (text: string) => void
  readonly path: string
}

export interface Server {
  readonly name: ServerName
  /** Downloads, renders configuration, makes the data folder, and gives what to start. */
  prepare(context: ServerContext): Promise<Program>
}

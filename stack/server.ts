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

/**
 * Compiles with all effort only what runs ten times as often as usual: on two cores that compiler
 * takes a quarter of the whole start (Cassandra 15.8 s of CPU, so 12.0; Kafka 8.5, so 6.2). What is hot
 * for longer than a moment gets there all the same.
 */
export const QUICK_START = [
  '-XX:Tier4InvocationThreshold=50000',
  '-XX:Tier4MinInvocationThreshold=10000',
  '-XX:Tier4CompileThreshold=75000',
  '-XX:Tier4BackEdgeThreshold=400000',
] as const

/** Java's own thresholds, which win when they stand behind those: for servers that are measured warm. */
export const USUAL_COMPILER = [
  '-XX:Tier4InvocationThreshold=5000',
  '-XX:Tier4MinInvocationThreshold=600',
  '-XX:Tier4CompileThreshold=15000',
  '-XX:Tier4BackEdgeThreshold=40000',
] as const

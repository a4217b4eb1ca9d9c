/** Ports: which are taken, and which are free. */
import {createServer, type AddressInfo} from 'node:net'
import type {Port} from './config.ts'
import {StackError} from './errors.ts'

/** Listens for a moment; resolves to the port, or undefined when it is taken. */
async function listenOnce(port: number): Promise<number | undefined> {
  const {promise, resolve, reject} = Promise.withResolvers<number | undefined>()
  const server = createServer()
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined)
    else reject(error)
  })
  server.listen({host: '127.0.0.1', port, exclusive: true}, () => {
    const {port: got} = server.address() as AddressInfo
    server.close(() => resolve(got))
  })
  return await promise
}

/** One line for each port that is taken: who needs it, and what moves it. */
export const busyMessage = (busy: readonly Port[]): string =>
  busy
    .map(
      ({port, owner, variable}) =>
        `port ${port}, which ${owner} needs, is in use: stop what listens there or set ${variable}`,
    )
    .join('\n')

/** @throws StackError naming each port that is taken, with its variable */
export async function assertFree(ports: readonly Port[]): Promise<void> {
  const found = await Promise.all(ports.map(async p => ({p, free: await listenOnce(p.port)})))
  const busy = found.filter(({free}) => free === undefined).map(({p}) => p)
  if (busy.length > 0) throw new StackError(busyMessage(busy))
}

/**
 * Below where systems take ports for outgoing connections (from 32768 or 49152 on): a port there may
 * be lent to a client while its server restarts.
 */
const FREE_FROM = 10_000
const FREE_TO = 32_000

/** `count` ports that nobody listens on at this moment. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>()
  for (let tried = 0; found.size < count; tried++) {
    if (tried > 1000 + count) throw new StackError(`there are no ${count} free ports`)
    const port = FREE_FROM + Math.floor(Math.random() * (FREE_TO - FREE_FROM))
    if (!found.has(port) && (await listenOnce(port)) !== undefined) found.add(port)
  }
  return [...found]
}

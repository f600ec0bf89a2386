import { createSocket } from 'node:dgram'
import { connect, isIP } from 'node:net'
import type { Problems } from '../../options/problems.ts'

/** Adds the source addresses from which this machine cannot connect to `problems`. */
export async function checkSources(problems: Problems, addresses: readonly string[]): Promise<void> {
  const areOwn = await Promise.all(addresses.map(isOwnAddress))
  const others = addresses.filter((_, at) => !areOwn[at])
  if (others.length > 0)
    problems.add(
      'sourceAddresses',
      others,
      'must be addresses of this machine',
      "sourceAddresses: ['127.0.0.1', '127.0.0.2'], or add the address to a network interface",
    )
}

/** Whether a socket can be bound to an address, which also holds for those of a routed range that no interface lists. */
function isOwnAddress(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
    const finish = (isOwn: boolean) => {
      socket.close()
      resolve(isOwn)
    }
    socket.on('error', () => finish(false))
    socket.bind({ address, port: 0 }, () => finish(true))
  })
}

/**
 * The address at which a host accepts connections on a port. It is found by connecting once before the load, so that a
 * name with several addresses (`localhost`) is not looked up and tried again for every socket. If no address accepts, it
 * is the first address of the name, or `undefined`; the handshakes then fail and report why.
 */
export async function findAddress(host: string, port: number): Promise<string | undefined> {
  if (isIP(host)) return host
  return new Promise((resolve) => {
    let first: string | undefined
    const socket = connect({ host, port, timeout: 2000 })
    const finish = (address: string | undefined) => {
      socket.destroy()
      resolve(address)
    }
    socket.on('lookup', (_error, address) => (first ??= address))
    socket.on('connect', () => finish(socket.remoteAddress ?? first))
    socket.on('timeout', () => finish(first))
    socket.on('error', () => finish(first))
  })
}

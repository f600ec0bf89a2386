import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { inSlices } from './slices.ts'

/** State of a listening socket in `/proc/net/tcp`. */
const LISTEN = '0A'
/** Addresses that accept connections to 127.0.0.1, as `/proc/net/tcp` and `tcp6` write them. */
const LOOPBACK = /^(?:0{8}|0100007F|7F000001|0{32}|0{16}(?:FFFF0000|0000FFFF)(?:0100007F|7F000001))$/i

/** Listening socket. */
export interface ListeningSocket {
  readonly port: number
  readonly inode: string
  /** Local address: `::1`, `192.168.0.7`; the digits of `/proc` for other IPv6 addresses. */
  readonly address: string
  /** Whether it accepts connections to 127.0.0.1. */
  readonly isLoopback: boolean
}

/** Processes that listen on a port. */
export interface Listeners {
  readonly pids: readonly number[]
  /** Whether a socket belongs to a process that could not be found: one of another user, or one that was not searched. */
  readonly isHidden: boolean
}

/** TCP sockets of this machine that listen. Empty on systems without `/proc`. */
export function listeningSockets(): readonly ListeningSocket[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    lines(file).flatMap((line) => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      if (state !== LISTEN) return []
      const [address = '', port = ''] = local.split(':')
      return [
        {
          port: Number.parseInt(port, 16),
          inode,
          address: addressOf(address),
          isLoopback: LOOPBACK.test(address),
        },
      ]
    }),
  )
}

/** Address from the hexadecimal digits of `/proc`, which are in host byte order (little-endian on all supported machines). */
function addressOf(digits: string): string {
  if (/^(?:0{24}01000000|0{31}1)$/.test(digits)) return '::1'
  if (digits.length !== 8) return digits
  return [...digits.matchAll(/../g)]
    .map(([byte]) => Number.parseInt(byte, 16))
    .toReversed()
    .join('.')
}

/**
 * Other processes that listen on a port of 127.0.0.1: all that hold the socket, which may have been inherited. Reads the
 * descriptors of every process of this user, tens of milliseconds: not while load is applied.
 *
 * @returns no pids if nothing listens there, and on systems without `/proc`
 */
export function listenersOn(port: number): Listeners {
  const search = new ListenerSearch([port])
  if (!search.isEmpty) for (const pid of processIds()) search.read(pid)
  return search.listeners[0]!
}

/**
 * {@link listenersOn} for several ports, by port. Lets the event loop run meanwhile, so that it can run under load.
 * @param pids the processes to read. Default: all
 */
export async function searchListeners(
  ports: readonly number[],
  pids?: readonly number[],
): Promise<readonly Listeners[]> {
  const search = new ListenerSearch(ports)
  if (!search.isEmpty) await inSlices(pids ?? processIds(), undefined, (pid) => search.read(pid))
  return search.listeners
}

class ListenerSearch {
  /** The port of each socket, by inode. */
  readonly #portOf: ReadonlyMap<string, number>
  readonly #missing: Set<string>
  readonly #ports: readonly number[]
  readonly #pids: readonly number[][]

  constructor(ports: readonly number[]) {
    const all = ports.length === 0 ? [] : listeningSockets()
    const sockets = all.filter(({ port, isLoopback }) => isLoopback && ports.includes(port))
    this.#portOf = new Map(sockets.map(({ inode, port }) => [inode, port]))
    this.#missing = new Set(this.#portOf.keys())
    this.#ports = ports
    this.#pids = ports.map(() => [])
  }

  /** Whether nothing listens on the ports. */
  get isEmpty(): boolean {
    return this.#portOf.size === 0
  }

  read(pid: number): void {
    if (pid === process.pid) return
    const held = (socketsOf(pid) ?? []).filter((inode) => this.#portOf.has(inode))
    for (const inode of held) this.#missing.delete(inode)
    const ports = new Set(held.map((inode) => this.#portOf.get(inode)))
    for (const [at, port] of this.#ports.entries()) if (ports.has(port)) this.#pids[at]!.push(pid)
  }

  get listeners(): readonly Listeners[] {
    const hidden = new Set([...this.#missing].map((inode) => this.#portOf.get(inode)))
    return this.#ports.map((port, at) => ({ pids: this.#pids[at]!, isHidden: hidden.has(port) }))
  }
}

export function processIds(): readonly number[] {
  return (entries('/proc') ?? []).filter((name) => /^\d+$/.test(name)).map(Number)
}

/** Inodes of the sockets of a process; `undefined` if this user may not read them. */
export function socketsOf(pid: number): readonly string[] | undefined {
  return entries(`/proc/${pid}/fd`)?.flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return []
    }
  })
}

function entries(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder)
  } catch {
    return undefined
  }
}

function lines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** State of a listening socket in `/proc/net/tcp`. */
const LISTEN = '0A'
/** Addresses that accept connections to 127.0.0.1, as `/proc/net/tcp` and `tcp6` write them. */
const LOOPBACK = /^(?:0{8}|0100007F|7F000001|0{32}|0{16}(?:FFFF0000|0000FFFF)(?:0100007F|7F000001))$/i

/** Listening socket. */
export interface ListeningSocket {
  readonly port: number
  readonly inode: string
  /** Whether it accepts connections to 127.0.0.1. */
  readonly isLoopback: boolean
}

/** Processes that listen on a port. */
export interface Listeners {
  readonly pids: readonly number[]
  /** Whether a socket belongs to a process that could not be found: one of another user. */
  readonly isHidden: boolean
}

/** TCP sockets of this machine that listen. Empty on systems without `/proc`. */
export function listeningSockets(): readonly ListeningSocket[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    lines(file).flatMap((line) => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      if (state !== LISTEN) return []
      const [address = '', port = ''] = local.split(':')
      return [{ port: Number.parseInt(port, 16), inode, isLoopback: LOOPBACK.test(address) }]
    }),
  )
}

/**
 * Other processes that listen on a port of 127.0.0.1: all that hold the socket, which may have been inherited. Reads the
 * descriptors of every process of this user, tens of milliseconds: not while load is applied.
 *
 * @returns no pids if nothing listens there, and on systems without `/proc`
 */
export function listenersOn(port: number): Listeners {
  const sockets = listeningSockets().filter((socket) => socket.port === port && socket.isLoopback)
  const missing = new Set(sockets.map(({ inode }) => inode))
  if (missing.size === 0) return { pids: [], isHidden: false }
  const inodes = new Set(missing)
  const pids = processIds().filter((pid) => {
    if (pid === process.pid) return false
    const held = (socketsOf(pid) ?? []).filter((inode) => inodes.has(inode))
    for (const inode of held) missing.delete(inode)
    return held.length > 0
  })
  return { pids, isHidden: missing.size > 0 }
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

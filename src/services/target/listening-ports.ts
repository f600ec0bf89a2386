import { readFileSync } from 'node:fs'
import { listeningSockets, processIds, socketsOf, type ListeningSocket } from '../../machine/listeners.ts'

/**
 * Ports that the processes of a group listen on, in ascending order. Empty on systems without `/proc`, where
 * {@link portsInLog} may find some.
 *
 * @param group id of the process group
 */
export function listeningPorts(group: number): readonly number[] {
  return [...new Set(socketsIn(group).map(({ port }) => port))].toSorted((a, b) => a - b)
}

/** Addresses on which the processes of a group listen on a port, if 127.0.0.1 is not among them. */
export function otherAddresses(group: number, port: number): readonly string[] {
  const sockets = socketsIn(group).filter((socket) => socket.port === port)
  return sockets.some(({ isLoopback }) => isLoopback) ? [] : [...new Set(sockets.map(({ address }) => address))]
}

function socketsIn(group: number): readonly ListeningSocket[] {
  const inodes = new Set(processesOf(group).flatMap((pid) => socketsOf(pid) ?? []))
  return listeningSockets().filter(({ inode }) => inodes.has(inode))
}

/** Ports on which a process listens according to its log: `listening on http://localhost:4000`, `Server started on port 8080`. */
export function portsInLog(log: readonly string[]): readonly number[] {
  const ports = log
    .filter((line) => /\b(?:listen|start|running|ready|serving|server)/i.test(line))
    .flatMap((line) => [...line.matchAll(/(?:\bport(?:\(s\))?[ :=]+|:)(\d{2,5})\b/gi)].map((match) => Number(match[1])))
    .filter((port) => port > 0 && port < 65_536)
  return [...new Set(ports)]
}

function processesOf(group: number): readonly number[] {
  return processIds().filter((pid) => {
    // The name, in parentheses, may contain anything; the group is the third field after it.
    const [, , pgrp] = statOf(pid)
      .replace(/^.*\) /, '')
      .split(' ')
    return pgrp === String(group)
  })
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return ''
  }
}

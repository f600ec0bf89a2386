import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** State of a listening socket in `/proc/net/tcp`. */
const LISTEN = '0A'

/**
 * Ports that the processes of a group listen on, in ascending order. Empty on systems without `/proc`, where
 * {@link portsInLog} may find some.
 *
 * @param group id of the process group
 */
export function listeningPorts(group: number): readonly number[] {
  const inodes = new Set(processesOf(group).flatMap(socketsOf))
  const ports = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    lines(file).flatMap((line) => {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      if (state !== LISTEN || !inodes.has(inode!)) return []
      return [Number.parseInt(local!.split(':')[1]!, 16)]
    }),
  )
  return [...new Set(ports)].toSorted((a, b) => a - b)
}

/** Ports on which a process listens according to its log: `listening on http://localhost:4000`, `Server started on port 8080`. */
export function portsInLog(log: readonly string[]): readonly number[] {
  const ports = log
    .filter((line) => /\b(?:listen|start|running|ready|serving|server)/i.test(line))
    .flatMap((line) => [...line.matchAll(/(?:\bport(?:\(s\))?[ :=]+|:)(\d{2,5})\b/gi)].map((match) => Number(match[1])))
    .filter((port) => port > 0 && port < 65_536)
  return [...new Set(ports)]
}

function processesOf(group: number): readonly string[] {
  return entries('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    // The name, in parentheses, may contain anything; the group is the third field after it.
    const [, , pgrp] = (lines(`/proc/${pid}/stat`)[0] ?? '').replace(/^.*\) /, '').split(' ')
    return pgrp === String(group)
  })
}

function socketsOf(pid: string): readonly string[] {
  return entries(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return []
    }
  })
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function lines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}

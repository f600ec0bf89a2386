import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Maximum number of open files and sockets of this process (the soft limit); infinite if there is none. */
export function descriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    return toNumber(/^Max open files\s+(\S+)/m.exec(limits)?.[1])
  } catch {
    return toNumber(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim())
  }
}

function toNumber(text: string | undefined): number {
  const limit = Number(text)
  return Number.isFinite(limit) ? limit : Number.POSITIVE_INFINITY
}

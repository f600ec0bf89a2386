import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

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

/** Descriptors for files, pipes and connections that a test opens while load runs. */
const SPARE = 64
/** Descriptors that are reserved in every process, even if fewer are open. */
const RESERVED = 200

/** How many descriptors one process may open, and what is left for connections of the load. */
export interface DescriptorBudget {
  /** Maximum number of open descriptors. */
  readonly limit: number
  /** Number of descriptors for everything else: those that are open, and some to spare. */
  readonly reserved: number
  /** Maximum number of connections. */
  readonly connections: number
}

/** The budget of this process, or of another process with the same limit. */
export function descriptorBudget(limit = descriptorLimit(), open = openDescriptors()): DescriptorBudget {
  const reserved = Math.max(RESERVED, open + SPARE)
  return { limit, reserved, connections: Math.max(0, limit - reserved) }
}

function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    // Other systems do not list them.
    return 0
  }
}

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { codeOf } from './failure.ts'

/**
 * When the process `pid` started, as an opaque text that is stable for the life of that process and differs for any
 * later process under the same pid. `undefined` when no such process runs (a zombie counts as gone).
 * Linux: boot id and start time in ticks from `/proc`. Elsewhere: `ps -o lstart`, which has whole seconds.
 */
export function startTimeOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid)
}

/** Whether the very process that was recorded still runs, and not another one that got its pid. */
export function isSameProcess(pid: number, startedAt: string): boolean {
  return startTimeOf(pid) === startedAt
}

/** Whether any process is left in the group led by `pid`. */
export function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function startTimeFromProc(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The command stands in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, ticks] = [fields[0], fields[19]]
  if (state === 'Z' || state === 'X' || ticks === undefined) return undefined
  return `${bootId()}:${ticks}`
}

let knownBootId: string | undefined
function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return knownBootId
}

function startTimeFromPs(pid: number): string | undefined {
  try {
    // The start time is printed in local time: fixed to UTC, so that a changed time zone does not make it another.
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env, encoding: 'utf8' }).trim()
    const space = line.indexOf(' ')
    if (line === '' || line.startsWith('Z')) return undefined
    return line.slice(space + 1).trim()
  } catch {
    return undefined
  }
}

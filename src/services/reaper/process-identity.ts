import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { now, sleep } from '../../machine/clock.ts'
import { codeOf } from '../failure.ts'

const POLL_MS = 10

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

/** Processes started with this variable in their environment, as far as this user may see them. Linux alone. */
export function processesWith(variable: string, value: string): readonly { pid: number; startedAt: string }[] {
  if (process.platform !== 'linux') return []
  const wanted = `${variable}=${value}`
  return pidsInProc().flatMap((pid) => {
    const startedAt = environmentOf(pid).includes(wanted) ? startTimeOf(pid) : undefined
    return startedAt === undefined ? [] : [{ pid, startedAt }]
  })
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function pidsInProc(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Whether any process of the group led by `pid` still runs; zombies do not. */
export function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0)
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false
  }
  return process.platform === 'linux' ? groupRunsByProc(pid) : groupRunsByPs(pid)
}

/** Asks every 10 ms. @returns whether it was over within the time */
export async function untilOver(runs: () => boolean, limitMs: number): Promise<boolean> {
  const deadline = now() + limitMs
  while (runs()) {
    if (now() > deadline) return false
    await sleep(POLL_MS)
  }
  return true
}

interface ProcessStatus {
  readonly ended: boolean
  readonly group: number
  readonly startTicks: string
}

function statusFromProc(pid: number): ProcessStatus | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The command stands in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = '', , group] = fields
  return { ended: 'ZX'.includes(state), group: Number(group), startTicks: fields[19] ?? '' }
}

function startTimeFromProc(pid: number): string | undefined {
  const status = statusFromProc(pid)
  return status === undefined || status.ended ? undefined : `${bootId()}:${status.startTicks}`
}

function groupRunsByProc(group: number): boolean {
  return pidsInProc()
    .map(statusFromProc)
    .some((status) => status?.group === group && !status.ended)
}

function groupRunsByPs(group: number): boolean {
  const lines = execFileSync('ps', ['-A', '-o', 'pgid=,stat='], { encoding: 'utf8' }).split('\n')
  return lines.some((line) => new RegExp(`^ *${group} +[^Z]`).test(line))
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

import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { now, sleep } from '../../machine/clock.ts'
import { codeOf } from '../failure.ts'

const POLL_MS = 10

/**
 * Start time of the process `pid`, as an opaque string that is stable for the life of the process and differs for any
 * later process with the same pid. `undefined` if no such process runs; a zombie does not count.
 * Linux: boot id and start time in ticks from `/proc`. Other systems: `ps -o lstart`, in whole seconds.
 */
export function startTimeOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid)
}

/** Whether the recorded process still runs, rather than another one with the same pid. */
export function isSameProcess(pid: number, startedAt: string): boolean {
  return startTimeOf(pid) === startedAt
}

/** Processes with this variable in their initial environment, as far as this user may read it. Linux only. */
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

/** Whether any process of the group led by `pid` still runs; zombies do not count. */
export function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0)
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false
  }
  return process.platform === 'linux' ? groupRunsByProc(pid) : groupRunsByPs(pid)
}

/** Waits until `runs` returns false, which is called every 10 ms. @returns false after the time limit */
export async function untilExited(runs: () => boolean, limitMs: number): Promise<boolean> {
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
  // The command is in parentheses and may itself contain spaces and parentheses.
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
    // `ps` prints local time: in UTC the text stays the same if the time zone changes.
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env, encoding: 'utf8' }).trim()
    const space = line.indexOf(' ')
    if (line === '' || line.startsWith('Z')) return undefined
    return line.slice(space + 1).trim()
  } catch {
    return undefined
  }
}

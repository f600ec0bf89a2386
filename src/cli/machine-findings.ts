import { readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { now, sleep } from '../machine/clock.ts'
import { descriptorBudget, type DescriptorBudget } from '../machine/descriptors.ts'
import { portRange, portsPerSource, type PortRange } from '../machine/ports.ts'
import { formatCount } from '../stats/units.ts'
import type { Finding } from './finding.ts'

/** Checks of this machine. Takes a fifth of a second. */
export async function machineFindings(): Promise<readonly Finding[]> {
  const cores = availableParallelism()
  return [
    descriptors(descriptorBudget()),
    ports(portRange()),
    coreCount(cores),
    load(loadavg()[0] ?? 0, cores),
    clock(clockSource(), await timerLatenessMs()),
  ]
}

/** Connections of a large scenario. */
const MANY = 10_000

export function descriptors({ limit, connections }: DescriptorBudget): Finding {
  const name = 'descriptors'
  if (connections >= MANY) {
    return { name, health: 'ok', found: Number.isFinite(limit) ? formatCount(limit) : 'unlimited' }
  }
  return {
    name,
    health: 'limits',
    found: formatCount(limit),
    limits: `about ${formatCount(connections)} VUs over HTTP, and as many sockets per process`,
    fix: `ulimit -n 65535 in the shell that runs Vitest (the hard limit: ulimit -Hn)`,
  }
}

export function ports(range: PortRange): Finding {
  const usable = portsPerSource(range)
  const finding = { name: 'ports', found: `${range.first}–${range.last}` }
  if (usable >= 2 * MANY) return { ...finding, health: 'ok' }
  return {
    ...finding,
    health: 'limits',
    limits: `about ${formatCount(usable)} connections to one target; on loopback under Linux they are spread over 127.0.0.x`,
    fix: range.widen,
  }
}

export function coreCount(cores: number): Finding {
  const finding = { name: 'cores', found: String(cores) }
  if (cores >= 2) return { ...finding, health: 'ok' }
  return {
    ...finding,
    health: 'limits',
    limits: 'load generator and target share one core: a busy target makes a run invalid',
    fix: 'run the target on another machine, or give this machine two cores',
  }
}

export function load(average: number, cores: number): Finding {
  const finding = { name: 'load average', found: `${average.toFixed(2)} on ${cores} cores` }
  if (average < cores / 2) return { ...finding, health: 'ok' }
  return {
    ...finding,
    health: 'limits',
    limits: 'other processes are busy: measured latencies are too long, and runs may be invalid',
    fix: 'stop them, or wait; `top` lists them',
  }
}

/** Later timers mean that the generator does not get the CPU in time. */
const LATE_MS = 5

export function clock(source: string | undefined, latenessMs: number): Finding {
  const lateness = `timers ${latenessMs.toFixed(1)} ms late at most`
  const finding = { name: 'clock', found: source === undefined ? lateness : `${source}, ${lateness}` }
  if (source !== undefined && /^(hpet|acpi_pm|jiffies)$/.test(source)) {
    return {
      ...finding,
      health: 'limits',
      limits: 'reading the time is slow: the generator reaches fewer requests a second',
      fix: 'echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource, if tsc is available',
    }
  }
  if (latenessMs <= LATE_MS) return { ...finding, health: 'ok' }
  return {
    ...finding,
    health: 'limits',
    limits: 'requests are sent late, which shows as schedule delay and may make a run invalid',
    fix: 'stop other processes; on a virtual machine, use one with dedicated cores',
  }
}

const TIMERS = 40
const PAUSE_MS = 5

/** Maximum delay of some short timers in milliseconds. */
async function timerLatenessMs(): Promise<number> {
  let latestMs = 0
  for (let timer = 0; timer < TIMERS; timer++) {
    const startMs = now()
    await sleep(PAUSE_MS)
    latestMs = Math.max(latestMs, now() - startMs - PAUSE_MS)
  }
  return latestMs
}

/** The kernel's clock source; `undefined` if the system is not Linux. */
function clockSource(): string | undefined {
  try {
    return readFileSync('/sys/devices/system/clocksource/clocksource0/current_clocksource', 'utf8').trim()
  } catch {
    return undefined
  }
}

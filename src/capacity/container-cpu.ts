import { existsSync } from 'node:fs'
import { request, type RequestOptions } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { LIMIT_MS } from './connected.ts'
import type { CpuReading } from './cpu-utilization.ts'
import { CapacityError } from './errors.ts'

/** Fields of the response to `GET /containers/{id}/stats` that are read here. */
interface Stats {
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number }; readonly online_cpus?: number }
}

/** Fields of the response to `GET /containers/{id}/json` that are read here. */
interface Inspection {
  readonly HostConfig: {
    readonly NanoCpus: number
    readonly CpuQuota: number
    readonly CpuPeriod: number
    readonly CpusetCpus: string
  }
}

/** CPU time of containers as counted by the engine, and the cores they may use together. */
export interface ContainerCpu {
  readonly cores: number
  read(): Promise<CpuReading>
}

/**
 * Reads the CPU of containers from a Docker engine (or one that speaks its protocol) at `DOCKER_HOST` or a default socket,
 * API 1.41 and later: https://docs.docker.com/reference/api/engine/
 *
 * @throws {CapacityError} if no engine responds, or a container does not exist
 */
export async function containerCpu(names: readonly string[], env = process.env): Promise<ContainerCpu> {
  const engine = engineAddress(env)
  const [stats, inspections] = await Promise.all([
    Promise.all(names.map((name) => get<Stats>(engine, statsPath(name)))),
    Promise.all(names.map((name) => get<Inspection>(engine, `/containers/${encodeURIComponent(name)}/json`))),
  ])
  const online = Math.max(1, ...stats.map(({ cpu_stats }) => cpu_stats.online_cpus ?? 1))
  const limits = inspections.map((inspection) => limitOf(inspection) ?? online)
  return {
    cores: Math.min(
      online,
      limits.reduce((sum, limit) => sum + limit, 0),
    ),
    async read() {
      const found = await Promise.all(names.map((name) => get<Stats>(engine, statsPath(name))))
      const instancesSec = found.map(({ cpu_stats }) => cpu_stats.cpu_usage.total_usage / 1e9)
      return { totalSec: instancesSec.reduce((sum, seconds) => sum + seconds, 0), instancesSec }
    },
  }
}

/** Path of a single sample: without `one-shot` the engine waits a second for another. */
function statsPath(name: string): string {
  return `/containers/${encodeURIComponent(name)}/stats?stream=false&one-shot=true`
}

/** Cores by quota or by the set of allowed cores; `undefined` without a limit. */
function limitOf({ HostConfig }: Inspection): number | undefined {
  const { NanoCpus, CpuQuota, CpuPeriod, CpusetCpus } = HostConfig
  if (NanoCpus > 0) return NanoCpus / 1e9
  if (CpuQuota > 0) return CpuQuota / (CpuPeriod || 100_000)
  return CpusetCpus === '' ? undefined : countCpus(CpusetCpus)
}

/** Number of CPUs in a set: four for `0-2,5`. */
export function countCpus(set: string): number {
  return set.split(',').reduce((count, part) => {
    const [from = 0, to = from] = part.split('-').map(Number)
    return count + to - from + 1
  }, 0)
}

function engineAddress(env: NodeJS.ProcessEnv): RequestOptions {
  const host = env['DOCKER_HOST']
  if (host === undefined || host === '') {
    const defaults = ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')]
    return { socketPath: defaults.find((path) => existsSync(path)) ?? defaults[0]! }
  }
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) }
  const url = URL.canParse(host) ? new URL(host) : undefined
  if (url?.protocol === 'tcp:' || url?.protocol === 'http:') return { host: url.hostname, port: url.port || 2375 }
  throw new CapacityError(
    'DOCKER_HOST is neither unix:///path/to/docker.sock nor tcp://host:2375\nFix: correct or unset DOCKER_HOST',
  )
}

function get<Response>(engine: RequestOptions, path: string): Promise<Response> {
  const [, , container] = path.split('/')
  return new Promise((resolve, reject) => {
    const fail = (problem: string) =>
      reject(
        new CapacityError(
          `the CPU of container ${container} cannot be read: ${problem}\nFix: correct PERF_TARGET_CONTAINER`,
        ),
      )
    const sent = request({ ...engine, path, timeout: LIMIT_MS, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response
        .on('error', (error) => fail(error.message))
        .on('end', () => {
          if (response.statusCode !== 200)
            return fail(`the engine responded with ${response.statusCode} ${messageOf(text)}`)
          resolve(JSON.parse(text) as Response)
        })
    })
    sent.on('timeout', () => sent.destroy(new Error(`no response within ${LIMIT_MS} ms`)))
    sent.on('error', (error: NodeJS.ErrnoException) => fail(`no engine responds (${error.code ?? error.message})`))
    sent.end()
  })
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? ''
  } catch {
    return text.slice(0, 80)
  }
}

import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

/** Where the load generator ran: two results are comparable only where these agree. The machine's name is left out. */
export interface Environment {
  readonly cpuModel: string
  readonly cores: number
  readonly memoryBytes: number
  readonly node: string
  readonly platform: string
  readonly osRelease: string
  /** Runnable processes, mean of the last minute, before the first scenario. Zero on Windows. */
  readonly loadAverageAtStart: number
  /** The same at the end: what the run itself added, and what else was going on. */
  readonly loadAverageAtEnd: number
  readonly ci: boolean
  /** The commit under test, where the CI system names it. */
  readonly commit?: string
}

/** Reads the environment as it is now. @param loadAverageAtStart from {@link loadAverage}, taken before the run */
export function readEnvironment(loadAverageAtStart: number, env: NodeJS.ProcessEnv = process.env): Environment {
  const commit = env['GITHUB_SHA'] ?? env['CI_COMMIT_SHA']
  return {
    cpuModel: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    osRelease: release(),
    loadAverageAtStart,
    loadAverageAtEnd: loadAverage(),
    ci: env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false',
    ...(commit ? { commit } : {}),
  }
}

/** Runnable processes, mean of the last minute, to two digits after the point. */
export function loadAverage(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100
}

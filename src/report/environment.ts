import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

/** Environment of the load generator. Two results are comparable only if it is the same. The machine's name is left out. */
export interface Environment {
  readonly cpuModel: string
  readonly cores: number
  readonly memoryBytes: number
  readonly node: string
  readonly platform: string
  readonly osRelease: string
  /** Mean number of runnable processes in the minute before the first scenario. Zero on Windows. */
  readonly loadAverageAtStart: number
  /** The same at the end; includes the processes of the run. */
  readonly loadAverageAtEnd: number
  readonly ci: boolean
  /** Commit under test, if the CI system names it. */
  readonly commit?: string
}

/** The current environment. @param loadAverageAtStart {@link loadAverage} before the run */
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

/** Mean number of runnable processes in the last minute, rounded to two decimal places. */
export function loadAverage(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100
}

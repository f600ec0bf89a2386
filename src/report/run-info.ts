import type { TestProject } from 'vitest/node'
import type { ServiceInfo } from './results.ts'

/** Key under which a project provides run information to the reporter: `project.provide(RUN_INFO, { scale, services })`. */
export const RUN_INFO = 'vitest-slo:run-info'

/** Information from the setup of a run. All tests of a project that provides it are reported as scenarios. */
export interface RunInfo {
  readonly scale?: string
  readonly services?: readonly ServiceInfo[]
  /** Values that must appear in no report, such as passwords of services. Never written anywhere. */
  readonly secrets?: readonly string[]
}

declare module 'vitest' {
  interface ProvidedContext {
    [RUN_INFO]?: RunInfo
  }
}

/** Run information of the first project that provides it; empty if none does. */
export function runInfoOf(projects: readonly TestProject[]): RunInfo {
  for (const project of projects) {
    const info = project.getProvidedContext()[RUN_INFO]
    if (info !== undefined) return info
  }
  return {}
}

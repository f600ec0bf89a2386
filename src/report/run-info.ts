import type { TestProject } from 'vitest/node'
import type { ServiceInfo } from './results.ts'

/** The key under which a project tells the reporter about its run: `project.provide(RUN_INFO, { scale, services })`. */
export const RUN_INFO = 'vitest-slo:run-info'

/** What only the setup of a run knows. A project that provides it has all its tests reported as scenarios. */
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

/** Of the first project that told. */
export function runInfoOf(projects: readonly TestProject[]): RunInfo {
  for (const project of projects) {
    const info = project.getProvidedContext()[RUN_INFO]
    if (info !== undefined) return info
  }
  return {}
}

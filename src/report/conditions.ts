import type { Environment } from './environment.ts'
import type { ServiceInfo } from './results.ts'

/** Conditions under which a scenario was measured. Stored with the test, so that reports merged from blobs include them. */
export interface Conditions {
  /** Start of the command. ISO 8601, UTC. */
  readonly startedAt: string
  readonly scale?: string
  readonly services: readonly ServiceInfo[]
  readonly environment: Environment
}

declare module 'vitest' {
  interface TaskMeta {
    sloConditions?: Conditions
  }
}

/**
 * Combined conditions of several commands; `undefined` if there are none. A scale that differs is left out. Machines that
 * differ are all named, so that their results are not mistaken for comparable with results of one machine.
 */
export function mergeConditions(all: readonly Conditions[]): Conditions | undefined {
  const [first] = all
  if (first === undefined) return undefined
  const scales = unique(all.map(({ scale }) => scale))
  const services = unique(all.flatMap((each) => each.services))
  const startedAt = all.map((each) => each.startedAt).toSorted()[0]!
  return {
    startedAt,
    ...(scales.length === 1 && scales[0] !== undefined ? { scale: scales[0] } : {}),
    services,
    environment: mergeEnvironments(all.map(({ environment }) => environment)),
  }
}

function mergeEnvironments(all: readonly Environment[]): Environment {
  const machines = unique(all.map(({ loadAverageAtStart: _start, loadAverageAtEnd: _end, ...machine }) => machine))
  return {
    ...machines[0]!,
    cpuModel: machines.map(({ cpuModel }) => cpuModel).join(' and '),
    loadAverageAtStart: Math.max(...all.map(({ loadAverageAtStart }) => loadAverageAtStart)),
    loadAverageAtEnd: Math.max(...all.map(({ loadAverageAtEnd }) => loadAverageAtEnd)),
  }
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()]
}

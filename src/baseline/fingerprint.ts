import { availableParallelism, cpus } from 'node:os'

/** Conditions of a run. If they differ, times may differ although the target does not. */
export interface Fingerprint {
  readonly cpuModel: string
  readonly cores: number
  /** Full version of Node; only another major version counts as different. */
  readonly node: string
  readonly platform: string
  /** `smoke`, `pr`, `full`, or a factor. */
  readonly scale: string
  /** The load in one line. */
  readonly load: string
}

/** Conditions of a run in this process. */
export function fingerprintOf(scale: string, load: string): Fingerprint {
  return {
    cpuModel: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    scale,
    load,
  }
}

/** Differences as text: `4 cores, now 2`. */
export function differencesBetween(before: Fingerprint, now: Fingerprint): readonly string[] {
  const majorOf = (node: string) => node.split('.', 1)[0]
  const found: string[] = []
  if (before.cpuModel !== now.cpuModel) found.push(`CPU ${before.cpuModel}, now ${now.cpuModel}`)
  if (before.cores !== now.cores) found.push(`${before.cores} cores, now ${now.cores}`)
  if (majorOf(before.node) !== majorOf(now.node)) found.push(`Node ${before.node}, now ${now.node}`)
  if (before.platform !== now.platform) found.push(`${before.platform}, now ${now.platform}`)
  if (before.scale !== now.scale) found.push(`scale ${before.scale}, now ${now.scale}`)
  if (before.load !== now.load) found.push(`load ${before.load}, now ${now.load}`)
  return found
}

import { ProcessTrees } from '../capacity/process-cpu.ts'
import type { SliceEvidence } from '../evidence/comparison-evidence.ts'
import { evidenceOf, type RequestEvidence } from '../evidence/evidence.ts'
import { portOf } from '../machine/base-url.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { HttpRun } from '../runs/request-run.ts'

/** A running build. */
export interface Build {
  /** Name in messages and reports: `base`, `head` or the revision. */
  readonly label: string
  readonly baseUrl: string
  readonly tls?: TlsOptions | undefined
  /** Processes of the build; empty if the framework did not start them. Its CPU is then unknown. */
  readonly pids: readonly number[]
}

/** Both builds, by the names that assertions use. */
export interface Builds {
  readonly base: Build
  readonly head: Build
}

/** Measurement of a finished slice. */
export interface Slice {
  readonly evidence: SliceEvidence
  /** The limit that the generator exceeded, so that the slice's load was not applied as planned; otherwise `undefined`. */
  readonly saturated: string | undefined
  /** Error counts by kind if nearly every request went wrong; otherwise `undefined`. */
  readonly broken: string | undefined
}

/** With fewer requests, all of them may have gone wrong by chance. */
const FEWEST_BROKEN = 5
const BROKEN_RATIO = 0.9

/** Reads the CPU seconds that a build has used so far; NaN if its processes are unknown or have exited. */
export type ReadCpuSec = () => Promise<number>

export function cpuReader({ pids, baseUrl }: Build): ReadCpuSec {
  const trees = new ProcessTrees(pids, undefined, pids.length === 0 ? [] : [portOf(baseUrl)])
  return async () => {
    const reading = pids.length === 0 ? undefined : await trees.read().catch(() => undefined)
    return reading?.totalSec ?? Number.NaN
  }
}

/** Applies one slice of load to a build and reads its CPU before and after. */
export async function measureSlice(readCpuSec: ReadCpuSec, load: () => Promise<HttpRun>): Promise<Slice> {
  const before = await readCpuSec()
  const run = await load()
  const used = (await readCpuSec()) - before
  const requests = run.timeline.reduce((sum, { completed }) => sum + completed, 0)
  const cpuMsPerRequest = requests > 0 && used >= 0 ? (used * 1000) / requests : undefined
  return sliceOf(run[evidenceOf](), cpuMsPerRequest)
}

function sliceOf(found: RequestEvidence, cpuMsPerRequest: number | undefined): Slice {
  const { histogram, offered, completed, errors, durationMs, invalidities, vuShortage } = found
  const failed = [...errors.values()].reduce((sum, count) => sum + count, 0)
  const wrong = failed + offered - completed
  const goodPerSec = durationMs > 0 ? (completed - failed) / (durationMs / 1000) : 0
  const evidence = { latency: histogram, offered, wrong, goodPerSec, cpuMsPerRequest }
  const shortage = vuShortage?.isMaterial ? [vuShortage.invalidity] : []
  const generator = [...invalidities, ...shortage].find(
    ({ reason }) => reason === 'generator-saturated' || reason === 'offered-rate-missed',
  )
  const isBroken = offered >= FEWEST_BROKEN && wrong > offered * BROKEN_RATIO
  return { evidence, saturated: generator?.finding, broken: isBroken ? kindsOf(found) : undefined }
}

function kindsOf({ errors, dropped, sent, completed }: RequestEvidence): string {
  const counts = [...errors, ['dropped', dropped] as const, ['no response', sent - completed] as const]
  return counts
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} × ${kind}`)
    .join(', ')
}

import { ProcessTrees } from '../capacity/process-cpu.ts'
import type { SliceEvidence } from '../evidence/comparison-evidence.ts'
import { evidenceOf, type RequestEvidence } from '../evidence/evidence.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { HttpRun } from '../runs/request-run.ts'

/** One of the two builds, running. */
export interface Build {
  /** How messages and reports name it: `base`, `head`, or the revision. */
  readonly label: string
  readonly baseUrl: string
  readonly tls?: TlsOptions | undefined
  /** Its processes; empty if they are not ours, and CPU then stays unknown. */
  readonly pids: readonly number[]
}

/** The two builds, by the names that assertions use. */
export interface Builds {
  readonly base: Build
  readonly head: Build
}

/** A slice that is over. */
export interface Slice {
  readonly evidence: SliceEvidence
  /** Past its limits, the generator did not put the slice's load on as it should have. */
  readonly saturated: string | undefined
  /** Nearly every request went wrong: what happened to them, by kind. */
  readonly broken: string | undefined
}

/** Fewer requests that all went wrong may be chance. */
const FEWEST_BROKEN = 5
const BROKEN_RATIO = 0.9

/** CPU seconds that a build has used so far; NaN where its processes are unknown or gone. */
export type ReadCpuSec = () => Promise<number>

export function cpuReader({ pids }: Build): ReadCpuSec {
  const trees = new ProcessTrees(pids)
  return async () => {
    const reading = pids.length === 0 ? undefined : await trees.read().catch(() => undefined)
    return reading?.totalSec ?? Number.NaN
  }
}

/** Puts one slice of load on a build and reads its CPU before and after. */
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
  const counts = [...errors, ['dropped', dropped] as const, ['unanswered', sent - completed] as const]
  return counts
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} × ${kind}`)
    .join(', ')
}

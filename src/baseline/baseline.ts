import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { baselineOf, type BaselineEvidence, type BaselineSource } from '../evidence/baseline-evidence.ts'
import { alone, type OnOneGenerator } from '../evidence/on-one-generator.ts'
import { windowOf } from '../evidence/run-window.ts'
import { BaselineError, readBaseline, writeBaseline } from './baseline-file.ts'
import { differencesBetween, fingerprintOf } from './fingerprint.ts'
import { storedNameOf, storedRun, type StorableRun, type StoredRun } from './stored-run.ts'

/** Context of the baselines of a scenario. */
export interface BaselineContext {
  /** Name of the scenario with the names of its suites. */
  readonly scenario: string
  /** File of the scenario. Baselines are stored next to it, in `__baselines__`. */
  readonly file: string
  /** Name of the scale. */
  readonly scale: string
  /** Number of scenarios of the file with this name. @default 1 */
  readonly namesakes?: number
  /** As for snapshots: `all` stores again (`vitest -u`), `new` stores missing baselines, `none` stores nothing (CI). */
  readonly update: 'all' | 'new' | 'none'
  /** Files are read and written by the first generator. @default there is one generator */
  readonly onOneGenerator?: OnOneGenerator
}

/** The baselines of one scenario. */
export interface Baselines {
  /**
   * The baseline of a run: `expect(run).toBeNoSlowerThan(await baseline.of(run))`. As with snapshots, the run is stored if
   * there is no baseline, except in CI, and stored again with `vitest -u`. The assertion is skipped then, because there is
   * nothing to compare with.
   *
   * @throws {BaselineError} if there is none in CI, or the file cannot be used
   * @throws {InvalidRunError} if the run has to be stored and cannot be judged
   */
  of(run: StorableRun): Promise<Baseline>
  /**
   * Stores a run as a small JSON file to commit, and replaces an existing one.
   *
   * @returns path of the file
   * @throws {InvalidRunError} if the run cannot be judged
   */
  save(run: StorableRun): Promise<string>
}

/** A stored run to compare with. */
export interface Baseline extends BaselineSource {
  /** Path of the file. */
  readonly path: string
  /** Date of storage: `2026-03-01`. */
  readonly storedAt: string
  /** Whether this run was stored as the baseline. */
  readonly isNew: boolean
}

export function createBaselines(context: BaselineContext): Baselines {
  const { scenario, scale, update, namesakes = 1, onOneGenerator: once = alone } = context
  const runs = new Map<string, unknown>()
  /** Path of a run's file. @throws {BaselineError} if another run or scenario has the same */
  const claim = (run: StorableRun) => {
    const name = storedNameOf(run)
    const path = pathFor(context, name)
    if (namesakes > 1)
      throw new BaselineError(
        `${namesakes} scenarios of ${basename(context.file)} are named ${JSON.stringify(scenario)}, and their baselines would be one file.\nFix: give each scenario a name of its own`,
      )
    // A scope of a run is another object each time.
    const identity = run[windowOf]?.().runStartMs ?? run
    if (runs.has(path) && runs.get(path) !== identity)
      throw new BaselineError(
        `Two runs of the scenario ${JSON.stringify(scenario)} are named ${JSON.stringify(name)}, and their baselines would be one file.\nFix: give each run a name of its own, { name: 'search' }`,
      )
    runs.set(path, identity)
    return path
  }
  const save = async (run: StorableRun) => {
    const stored = storedRun(run, scenario, scale)
    const path = claim(run)
    writeBaseline(path, stored)
    return { path, stored }
  }
  const read = async (run: StorableRun) => {
    const name = storedNameOf(run)
    const path = claim(run)
    const existing = update === 'all' ? undefined : await readBaseline(path, { scenario, run: name })
    if (existing !== undefined) return { path, evidence: evidenceFrom(existing, run, scale, false) }
    if (update === 'none')
      throw new BaselineError(
        `There is no baseline of ${name}: ${path} is missing.\nFix: store it on the machine that compares, outside of CI or with vitest -u, and commit it`,
      )
    return { path, evidence: evidenceFrom((await save(run)).stored, run, scale, true) }
  }
  return {
    async of(run) {
      const { path, evidence } = await once('the baseline of a run', () => read(run), { by: 0 })
      const { storedAt, isNew } = evidence
      return { path, storedAt, isNew, [baselineOf]: () => evidence }
    },
    save: async (run) => (await once('the storing of a baseline', () => save(run), { by: 0 })).path,
  }
}

function evidenceFrom(
  stored: StoredRun,
  run: StorableRun,
  scale: string,
  isNew: boolean,
): BaselineEvidence & Pick<Baseline, 'storedAt'> {
  const { storedAt, kind, quantity, meanMs, percentiles, environment } = stored
  return {
    storedAt,
    label: `the baseline of ${storedAt}`,
    kind,
    quantity,
    meanMs: Number(meanMs),
    percentiles: percentiles.map(({ p, ms, lowMs, highMs }) => {
      return { p, ms: Number(ms), lowMs: Number(lowMs), highMs: Number(highMs) }
    }),
    differences: differencesBetween(environment, fingerprintOf(scale, run.load)),
    isNew,
  }
}

/** In bytes: file systems allow 255. */
const LONGEST_NAME = 120

/** The words of scenario and run, in any script. A name that has to be shortened ends in a hash, so that it remains unique. */
function pathFor({ file, scenario }: BaselineContext, run: string): string {
  const words = `${scenario} ${run}`
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
  let name = words
  if (Buffer.byteLength(words) > LONGEST_NAME) {
    const hash = createHash('sha256').update(words).digest('hex').slice(0, 8)
    // Cuts no character: the bytes of an incomplete one are left out.
    const start = new TextDecoder().decode(Buffer.from(words).subarray(0, LONGEST_NAME), { stream: true })
    name = `${start.replace(/-$/, '')}-${hash}`
  }
  return join(dirname(file), '__baselines__', basename(file), `${name}.json`)
}

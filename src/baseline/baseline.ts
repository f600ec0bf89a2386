import { basename, dirname, join } from 'node:path'
import { baselineOf, type BaselineEvidence, type BaselineSource } from '../evidence/baseline-evidence.ts'
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
  /** As for snapshots: `all` stores again (`vitest -u`), `new` stores missing baselines, `none` stores nothing (CI). */
  readonly update: 'all' | 'new' | 'none'
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
  const { scenario, scale, update } = context
  const save = async (run: StorableRun) => {
    const stored = storedRun(run, scenario, scale)
    const path = pathFor(context, stored.run)
    await writeBaseline(path, stored)
    return { path, stored }
  }
  return {
    async of(run) {
      const name = storedNameOf(run)
      const path = pathFor(context, name)
      const existing = update === 'all' ? undefined : await readBaseline(path, { scenario, run: name })
      if (existing !== undefined) return baselineFrom(path, existing, run, scale, false)
      if (update === 'none')
        throw new BaselineError(
          `There is no baseline of ${name}: ${path} is missing.\nFix: store it on the machine that compares, outside of CI or with vitest -u, and commit it`,
        )
      return baselineFrom(path, (await save(run)).stored, run, scale, true)
    },
    save: async (run) => (await save(run)).path,
  }
}

function baselineFrom(path: string, stored: StoredRun, run: StorableRun, scale: string, isNew: boolean): Baseline {
  const { storedAt, kind, quantity, meanMs, percentiles, environment } = stored
  const evidence: BaselineEvidence = {
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
  return { path, storedAt, isNew, [baselineOf]: () => evidence }
}

function pathFor({ file, scenario }: BaselineContext, run: string): string {
  const name = `${scenario} ${run}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return join(dirname(file), '__baselines__', basename(file), `${name.slice(0, 120).replace(/^-|-$/g, '')}.json`)
}

import { basename, dirname, join } from 'node:path'
import { baselineOf, type BaselineEvidence, type BaselineSource } from '../evidence/baseline-evidence.ts'
import { BaselineError, readBaseline, writeBaseline } from './baseline-file.ts'
import { differencesBetween, fingerprintOf } from './fingerprint.ts'
import { storedNameOf, storedRun, type StorableRun, type StoredRun } from './stored-run.ts'

/** What the baselines of a scenario need to know. */
export interface BaselineContext {
  /** With the names of its suites. */
  readonly scenario: string
  /** The file it stands in. Baselines lie beside it, in `__baselines__`. */
  readonly file: string
  /** Name of the scale. */
  readonly scale: string
  /** As for snapshots: `all` stores anew (`vitest -u`), `new` stores what is not there, `none` neither (CI). */
  readonly update: 'all' | 'new' | 'none'
}

/** The baselines of one scenario. */
export interface Baselines {
  /**
   * What was stored of this run earlier, to hold it against: `expect(run).toBeNoSlowerThan(await baseline.of(run))`. As
   * with snapshots it is stored if there is none, unless in CI, and stored anew with `vitest -u`; there is nothing
   * to compare with then, and the assertion is skipped.
   *
   * @throws {BaselineError} if in CI there is none, or the file cannot be used
   * @throws {InvalidRunError} if it is to be stored and the run cannot be judged
   */
  of(run: StorableRun): Promise<Baseline>
  /**
   * Stores a run, whatever is there: a small JSON file that is meant to be committed.
   *
   * @returns where it was stored
   * @throws {InvalidRunError} if the run cannot be judged
   */
  save(run: StorableRun): Promise<string>
}

/** A stored run to compare with. */
export interface Baseline extends BaselineSource {
  readonly path: string
  /** The day. */
  readonly storedAt: string
  /** Stored by this very run. */
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
      const known = update === 'all' ? undefined : await readBaseline(path, { scenario, run: name })
      if (known !== undefined) return baselineFrom(path, known, run, scale, false)
      if (update === 'none')
        throw new BaselineError(
          `There is no baseline of ${name}: ${path} is missing. Store it where comparisons are made, outside of CI or with vitest -u, and commit it.`,
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

import type { Vitest } from 'vitest/node'
import type { RunSnapshot } from '../../results/snapshot.ts'
import { paintFor } from '../terminal/style.ts'
import { blockOf, lineOf, type LiveRun } from './lines.ts'
import { extendWindow, type WindowExtension } from './window.ts'

/** Interval between the lines of a run in a log. */
const LINE_EVERY_MS = 10_000

/**
 * Shows the progress of running scenarios: in a terminal as a block under Vitest's window, in a log as a line every ten
 * seconds, and not at all under `--silent`.
 */
export class LiveView {
  readonly #vitest: Vitest
  readonly #silent: boolean
  readonly #running = new Map<string, Map<string, LiveRun>>()
  #window: WindowExtension | undefined

  constructor(vitest: Vitest) {
    this.#vitest = vitest
    this.#silent = vitest.config.silent === true
  }

  /** Call before each test run, after the other reporters have been initialised. */
  start(): void {
    this.#running.clear()
    if (this.#silent || this.#window !== undefined) return
    this.#window = extendWindow(reportersOf(this.#vitest), () => this.#blocks())
  }

  show(testId: string, scenario: string, snapshot: RunSnapshot, objectives: readonly string[]): void {
    if (this.#silent) return
    const runs = this.#running.get(testId) ?? new Map<string, LiveRun>()
    const before = runs.get(snapshot.run)
    const run: LiveRun = { scenario, snapshot, objectives }
    this.#running.set(testId, runs.set(snapshot.run, run))
    if (this.#window !== undefined) this.#window.refresh()
    else if (lineIsDue(before?.snapshot, snapshot)) this.#vitest.logger.log(lineOf(run))
  }

  /** Removes a finished test, whose figures the summary shows. */
  remove(testId: string): void {
    if (this.#running.delete(testId)) this.#window?.refresh()
  }

  #blocks(): string[] {
    const { logger } = this.#vitest
    const paint = paintFor(logger.outputStream)
    const runs = [...this.#running.values()].flatMap((byName) => [...byName.values()])
    return runs
      .filter(({ snapshot }) => snapshot.state === 'running')
      .flatMap((run, at) => [...(at === 0 ? [] : ['']), ...blockOf(run, logger.getColumns(), paint)])
  }
}

/** Vitest's reporters. They are not in its public API: without them, lines are shown instead of a block. */
function reportersOf(vitest: Vitest): readonly unknown[] {
  return 'reporters' in vitest && Array.isArray(vitest.reporters) ? vitest.reporters : []
}

function lineIsDue(before: RunSnapshot | undefined, now: RunSnapshot): boolean {
  const tick = (snapshot: RunSnapshot | undefined) => Math.floor((snapshot?.elapsedMs ?? 0) / LINE_EVERY_MS)
  return now.state === 'running' && tick(now) > tick(before)
}

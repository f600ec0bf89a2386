import { resolve } from 'node:path'
import type { TestProject, Vitest } from 'vitest/node'
import { WatchedFiles } from '../services/target/watched-files.ts'
import type { PerfConfig } from './config-options.ts'

/**
 * Reruns the scenarios when a file of the target changes, and logs which files are watched.
 *
 * @returns `undefined` if the run does not start the target
 */
export function watchTarget(
  config: PerfConfig,
  vitest: Vitest,
  project: TestProject,
  log: (line: string) => void,
): WatchedFiles | undefined {
  const { target } = config
  if (target === undefined) return undefined
  if (target.isExternal(process.env)) {
    log('watching no file of the target: it is external')
    return undefined
  }
  const { root, include, coverage } = project.config
  const reports = process.env['PERF_OUTPUT_DIR'] || config.outputDir || 'perf-report'
  const watched = new WatchedFiles(target, {
    root,
    scenarios: include,
    outputs: [reports, coverage.reportsDirectory, 'test-results'].map((folder) => resolve(root, folder)),
    isScenario: (file) => project.matchesTestGlob(file),
  })
  log(watched.description)
  if (watched.folders.length > 0) vitest.vite.watcher.add([...watched.folders])
  vitest.config.watchTriggerPatterns = [
    ...(vitest.config.watchTriggerPatterns ?? []),
    {
      pattern: /^/,
      testsToRun: (file) => (watched.isSource(resolve(file)) ? vitest.state.getFilepaths() : undefined),
    },
  ]
  // Vitest does not rerun anything for a deleted file.
  vitest.vite.watcher.on('unlink', (file) => {
    if (watched.isSource(resolve(file))) vitest.watcher.onFileChange(file)
  })
  return watched
}

/** Folder to mutate, set by `run.ts`. */
const folder = process.env['MUTATED_FOLDER']

export default {
  testRunner: 'vitest',
  vitest: { configFile: 'packaging/mutation/vitest.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner'],
  mutate: [`src/${folder}/**/*.ts`, '!src/**/*.test.ts', '!src/**/*-thread.ts', '!src/**/{sample,virtual}-*.ts'],
  ignorePatterns: ['dist', 'perf-report', 'docs', 'coverage'],
  coverageAnalysis: 'perTest',
  reporters: ['clear-text', 'json', 'html', 'progress-append-only'],
  jsonReporter: { fileName: `perf-report/mutation/${folder}.json` },
  htmlReporter: { fileName: `perf-report/mutation/${folder}.html` },
  clearTextReporter: { allowColor: true, logTests: false },
  tempDirName: 'node_modules/.stryker',
  cleanTempDir: 'always',
  timeoutMS: 5000,
  concurrency: 2,
}

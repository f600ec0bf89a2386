/** Values from the options and answers of `vitest-slo init`. */
export interface InitAnswers {
  /** URL of a running service. If its host is another machine, the config allows load on it. */
  readonly url: URL | undefined
  /** Program and arguments that start the service; `undefined` if it is already running. */
  readonly command: readonly string[] | undefined
  /** Path of the first scenario's request. */
  readonly path: string
  /** Path that returns 2xx once the service is ready for load. */
  readonly ready: string
  readonly workflow: boolean
}

/** A file to write, with its path relative to the project's folder. */
export interface InitFile {
  readonly path: string
  readonly content: string
}

/**
 * @param name name of the config
 * @param scenarioPath path of the scenario
 * @param install command that installs the project's dependencies in CI
 * @param folder the project's folder in its git repository; empty for the root
 */
export function initFiles(
  answers: InitAnswers,
  { name, scenarioPath, ...project }: Project & { readonly scenarioPath: string },
): readonly InitFile[] {
  return [
    { path: name, content: config(answers) },
    { path: scenarioPath, content: scenario(answers) },
    ...(answers.workflow
      ? [{ path: workflowPath(project.folder), content: workflow(answers, { name, ...project }) }]
      : []),
  ]
}

interface Project {
  readonly name: string
  readonly install: string
  readonly folder: string
}

/** GitHub reads only workflows at the root of the repository. Each project in it has its own. */
function workflowPath(folder: string): string {
  if (folder === '') return '.github/workflows/perf.yml'
  const up = folder.replace(/[^/]+/g, '..')
  return `${up}/.github/workflows/${workflowName(folder)}.yml`
}

function workflowName(folder: string): string {
  return folder === '' ? 'perf' : `perf-${folder.replace(/[^\w.]+/g, '-')}`
}

function config(answers: InitAnswers): string {
  return `import { definePerfConfig, target } from 'vitest-slo/config'

export default definePerfConfig({
  target: target({
${targetOptions(answers)
  .map((line) => `    ${line}\n`)
  .join('')}  }),
})
`
}

function targetOptions({ url, command, ready }: InitAnswers): readonly string[] {
  if (command !== undefined) {
    return [
      '// Started on a free port, which is passed in the variable PORT, and stopped at the end.',
      `command: [${command.map(quote).join(', ')}],`,
      `ready: ${quote(ready)},`,
    ]
  }
  const host = url!.hostname
  return [
    `url: ${quote(url!.href.replace(/\/$/, ''))},`,
    `ready: ${quote(ready)},`,
    ...(isThisMachine(host) ? [] : [`allowRemote: [${quote(host)}], // Load is allowed on this host.`]),
  ]
}

function scenario({ path }: InitAnswers): string {
  return `import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'

perfTest(${quote(`GET ${path}`)}, async ({ http }) => {
  const run = await http.run({
    // 100 requests per second are due, however fast the service responds; at most 100 are in flight. PERF_SCALE=pr sends
    // half of them: the 1,000 that a p99 needs.
    load: constantArrivalRate({ rate: 100, vus: 100, duration: '20s' }),
    request: { path: ${quote(path)} },
  })
  expect(run).toHaveP95Below(200)
  expect(run).toHaveErrorRateBelow(0.01)
})
`
}

function workflow({ command }: InitAnswers, { name, install, folder }: Project): string {
  const title = workflowName(folder)
  const defaults = folder === '' ? '' : `    defaults:\n      run:\n        working-directory: ${quote(folder)}\n`
  const report = folder === '' ? 'perf-report/' : quote(`${folder}/perf-report/`)
  const start =
    command === undefined ? '      # Start the service here, in the background, at the URL of the config.\n' : ''
  return `name: ${title}

on: pull_request

permissions:
  contents: read

concurrency:
  group: ${title}-\${{ github.ref }}
  cancel-in-progress: true

jobs:
  perf:
    runs-on: ubuntu-24.04
    timeout-minutes: 15
${defaults}    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          persist-credentials: false${command === undefined ? '' : HISTORY}
      - uses: actions/setup-node@a0853c24544627f65ddf259abe73b1d18a591444 # v5.0.0
        with:
          node-version: 24
      - run: ${install}
${start}      - run: npx vitest run --config ${name}
        env:
          PERF_SCALE: pr
      - uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2
        if: \${{ !cancelled() }}
        with:
          name: perf-report
          path: ${report}
${command === undefined ? '' : compareStep(name)}${COMMENT_JOB}`
}

const HISTORY = `
          fetch-depth: 0 # For the merge base.`

/** Compares the pull request with its merge base, which takes twice the time: only with a label. */
function compareStep(config: string): string {
  return `      # With the label "compare": both builds under the same load, in one run. Exit code 3: too close to decide.
      - if: \${{ !cancelled() && contains(github.event.pull_request.labels.*.name, 'compare') }}
        env:
          BASE: \${{ github.base_ref }}
        run: |
          npx vitest-slo compare "$(git merge-base "origin/$BASE" HEAD)" --config ${config} --markdown "$GITHUB_STEP_SUMMARY" \\
            || test "$?" -eq 3
`
}

/** A job of its own, so that no code of the pull request runs with the right to write. Forks have no such right. */
const COMMENT_JOB = `
  comment:
    needs: perf
    if: \${{ !cancelled() && github.event.pull_request.head.repo.full_name == github.repository }}
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions:
      actions: read
      pull-requests: write
    steps:
      # Replaces the comment of the previous run, which begins with the same marker.
      - env:
          GH_TOKEN: \${{ github.token }}
          GH_REPO: \${{ github.repository }}
          PULL_REQUEST: \${{ github.event.pull_request.number }}
        run: |
          gh run download "$GITHUB_RUN_ID" --name perf-report --dir perf-report || { echo 'There is no report.'; exit 0; }
          comments="repos/$GH_REPO/issues/$PULL_REQUEST/comments"
          id=$(gh api --paginate "$comments" --jq '.[] | select(.user.login == "github-actions[bot]") | select(.body | startswith("<!-- vitest-slo:load-report -->")) | .id' | head -n 1)
          if [ -n "$id" ]; then
            gh api --silent --method PATCH "repos/$GH_REPO/issues/comments/$id" --field body=@perf-report/comment.md
          else
            gh api --silent --method POST "$comments" --field body=@perf-report/comment.md
          fi
`

/** Names are not resolved, as in the check before a run applies load. */
function isThisMachine(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host)
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}

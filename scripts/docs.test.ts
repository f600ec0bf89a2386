import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const scenarioFiles = globSync('perf/*.perf.ts', { cwd: ROOT })
const scenarios = globSync('perf/*.ts', { cwd: ROOT }).map(read).join('\n')
const plan = read('docs/plan.md')
const staging = read('docs/staging.md')
const readme = read('README.md')

/** Distinct first groups of all matches. */
function found(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]!))]
}

test('the plan names every scenario', () => {
  expect(scenarioFiles).toHaveLength(6)
  expect(scenarioFiles.filter((file) => !plan.includes(`\`${file}\``))).toEqual([])
})

test('the plan and the staging page name only existing files and commands', () => {
  const text = plan + staging
  const files = found(text, /`((?:perf|docs|fixtures|\.github)\/[\w./-]+)`/g)
  expect(files.length).toBeGreaterThan(8)
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  const commands = found(text, /npm run ([\w:]+)/g)
  expect(commands.filter((command) => !(command in packageJson.scripts))).toEqual([])
})

test('every matcher in the plan is asserted in a scenario with the same limit', () => {
  const calls = found(plan, /`(to[A-Z]\w+\([^)]*\))`/g)
  expect(calls.length).toBeGreaterThan(8)
  const withoutOptions = calls.map((call) => call.replace(/\)$/, ''))
  const withoutSeparators = scenarios.replaceAll(/(?<=\d)_(?=\d)/g, '')
  const missing = (call: string) => !withoutSeparators.includes(call) && !call.includes('run.history')
  expect(withoutOptions.filter(missing)).toEqual([])
})

test('every variable for staging is read by some source', () => {
  const names = found(staging, /^\| `([A-Z_]+)` \|(?! (?:secret|variable))/gm)
  expect(names.length).toBeGreaterThan(8)
  const { stdout } = spawnSync(
    'git',
    ['grep', '-hoE', '\\b(PERF|SLO|TELEGRAM)_[A-Z_]+', '--', 'src', 'perf', '*.config.ts'],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  )
  const known = new Set([...stdout.split('\n'), 'NODE_EXTRA_CA_CERTS'])
  expect(names.filter((name) => !known.has(name))).toEqual([])
})

describe('README.md', () => {
  test('is short', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(200)
  })

  test('names the versions that package.json requires', () => {
    const node = packageJson.engines.node.replace('>=', '')
    const vitest = packageJson.peerDependencies.vitest.replace(/^\^(\d+).*/, '$1')
    expect(readme).toContain(`You need Vitest ${vitest} and Node ${node} or later`)
  })

  test('has the commands for a fresh clone', () => {
    expect(readme).toContain('\nnpm ci && npm run setup && npm run perf:smoke\n')
    expect(readme).toContain('\nnpm ci && npm run setup && npm test\n')
  })

  test('names only existing commands', () => {
    const commands = found(readme, /npm run ([\w:]+)/g)
    expect(commands.filter((command) => !(command in packageJson.scripts))).toEqual([])
  })

  test('has pictures of less than 100 kB', () => {
    const pictures = found(readme, /(docs\/images\/[\w-]+\.\w+)/g)
    expect(pictures).toHaveLength(3)
    expect(pictures.filter((picture) => statSync(join(ROOT, picture)).size > 100_000)).toEqual([])
  })
})

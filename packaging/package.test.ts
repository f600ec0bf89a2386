import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const DIST = join(import.meta.dirname, '../dist')

interface Packed {
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

function pack(): Packed {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: DIST, encoding: 'utf8' }),
  ) as Packed[]
  return packed!
}

test('the package takes at most 1 MB and has no sources', () => {
  const { size, files } = pack()
  expect(size).toBeLessThanOrEqual(1_000_000)
  const sources = files.filter(({ path }) => path.startsWith('lib/') && /(?<!\.d)\.ts$|\.map$/.test(path))
  expect(sources).toEqual([])
})

test('the package has every declaration that public types need, and no other', () => {
  const declarations = pack()
    .files.map(({ path }) => path)
    .filter((path) => path.endsWith('.d.ts'))
  expect(declarations).toEqual(
    expect.arrayContaining(['lib/index.d.ts', 'lib/config/index.d.ts', 'lib/report/reporter.d.ts']),
  )
  expect(declarations).not.toContain('lib/http/connection.d.ts')
})

test('the package is tested with a scenario for every fixture', () => {
  const declared = readFileSync(join(DIST, 'lib/fixtures/perf-fixtures.d.ts'), 'utf8')
  const [, fixtures = ''] = /interface PerfFixtures \{(.*?)\n\}/s.exec(declared) ?? []
  const names = [...fixtures.matchAll(/^ {4}readonly (\w+)/gm)].map(([, name]) => name!)
  const scenarios = readFileSync(join(import.meta.dirname, 'consumer/features/perf/features.perf.ts'), 'utf8')
  const used = [...scenarios.matchAll(/async \(\{ ([\w, ]+) \}\)/g)].flatMap(([, list]) => list!.split(', '))
  expect([...new Set(used)].toSorted()).toEqual(names.toSorted())
})

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LogTail } from '../services/log-tail.ts'
import { failureLines, stepsFor, type PreparationOptions } from './preparation.ts'

/** Commands and their folders for a working tree with these files. */
async function steps(files: Readonly<Record<string, string>>, folder = '.', options: PreparationOptions = {}) {
  const worktree = await mkdtemp(join(tmpdir(), 'slo-prepare-'))
  onTestFinished(() => rm(worktree, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(worktree, name)), { recursive: true })
    await writeFile(join(worktree, name), content)
  }
  return stepsFor({ folder: join(worktree, folder), worktree }, options).map(
    (step) => `${relative(worktree, step.folder) || '.'}: ${step.command}`,
  )
}

const BUILT = '{ "scripts": { "build": "tsc" } }'

test.for([
  ['package-lock.json', 'npm ci', 'npm run build'],
  ['npm-shrinkwrap.json', 'npm ci', 'npm run build'],
  ['pnpm-lock.yaml', 'pnpm install --frozen-lockfile', 'pnpm run build'],
  ['yarn.lock', 'yarn install --immutable || yarn install --frozen-lockfile', 'yarn run build'],
  ['bun.lock', 'bun install --frozen-lockfile', 'bun run build'],
] as const)('runs, for %s, %s and then %s', async ([lockfile, install, build]) => {
  expect(await steps({ 'package.json': BUILT, [lockfile]: '' })).toEqual([`.: ${install}`, `.: ${build}`])
})

test('installs a workspace from its root and builds only the package', async () => {
  const files = { 'pnpm-lock.yaml': '', 'package.json': '{}', 'packages/api/package.json': BUILT }
  expect(await steps(files, 'packages/api')).toEqual([
    '.: pnpm install --frozen-lockfile',
    'packages/api: pnpm run build',
  ])
})

test('leaves out steps for a missing lockfile, build script or package', async () => {
  expect(await steps({ 'package.json': '{}' })).toEqual(['.: npm install'])
  expect(await steps({ 'main.py': '' })).toEqual([])
  expect(await steps({ 'package.json': 'broken', 'package-lock.json': '' })).toEqual(['.: npm ci'])
})

test('prefers the commands of the command line; an empty one skips the step', async () => {
  const files = { 'package.json': BUILT, 'package-lock.json': '' }
  expect(await steps(files, '.', { install: 'make deps', build: 'make' })).toEqual(['.: make deps', '.: make'])
  expect(await steps(files, '.', { install: '', build: '' })).toEqual([])
})

test('quotes the first errors of npm, not the usage that follows them', () => {
  const log = new LogTail()
  const usage = Array.from({ length: 30 }, (_, at) => `npm error usage ${at}\n`).join('')
  log.write(`added 0 packages\nnpm error code EUSAGE\nnpm error package.json and the lock file differ\n${usage}`)
  expect(failureLines(log, 'built')).toMatch(/^Its last lines:/)
  expect(failureLines(log, 'installed')).toMatch(
    /^Its first errors:\n {2}\| npm error code EUSAGE\n {2}\| npm error package\.json/,
  )
  const other = new LogTail()
  other.write('broken\n')
  expect(failureLines(other, 'installed')).toBe('Its last lines:\n  | broken')
})

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { addCommand, packageManagerOf } from './package-manager.ts'

test.each([
  ['package-lock.json', 'npm install --save-dev pg'],
  ['pnpm-lock.yaml', 'pnpm add --save-dev pg'],
  ['yarn.lock', 'yarn add --dev pg'],
  ['bun.lock', 'bun add --dev pg'],
])('adds a package with the manager of %s, also from a folder below it', (file, command) => {
  const root = mkdtempSync(join(tmpdir(), 'slo-manager-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const folder = join(root, 'services/orders')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(root, file), '')
  expect(addCommand(packageManagerOf(folder), ['pg'])).toBe(command)
})

test('does not look above the root of the repository', () => {
  const root = mkdtempSync(join(tmpdir(), 'slo-manager-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'own/.git'), { recursive: true })
  writeFileSync(join(root, 'yarn.lock'), '')
  expect(packageManagerOf(join(root, 'own'))).toBe('npm')
})

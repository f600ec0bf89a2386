import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeFileAtomically } from './atomic-file.ts'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'slo-atomic-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a file is complete, and no other is left, before a signal can end the process', () => {
  const folder = join(temporaryFolder(), 'new/folder')
  for (const content of ['first', 'second']) {
    writeFileAtomically(join(folder, 'results.json'), content)
    expect(readdirSync(folder)).toEqual(['results.json'])
    expect(readFileSync(join(folder, 'results.json'), 'utf8')).toBe(content)
  }
})

test('a failed write leaves no unfinished file', () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'results.json'))
  expect(() => writeFileAtomically(join(folder, 'results.json'), 'content')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/)
  expect(readdirSync(folder)).toEqual(['results.json'])
})

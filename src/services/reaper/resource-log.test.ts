import { appendFileSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ResourceLog, abandonedRecords, readRecord, recordFolder } from './resource-log.ts'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'run-record-test-'))
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

test('a record contains what was added and not released', () => {
  const journal = new ResourceLog(recordFolder(parent), 'run')
  const release = journal.add({ kind: 'directory', path: '/a' })
  journal.add({ kind: 'containers', label: 'l=1' })
  release()
  expect(readRecord(journal.path)?.leftovers).toEqual([{ kind: 'containers', label: 'l=1' }])
})

test('a line that a kill truncated does not affect the others', () => {
  const journal = new ResourceLog(recordFolder(parent), 'run')
  journal.add({ kind: 'directory', path: '/a' })
  appendFileSync(journal.path, '{"add":1,"leftover":{"kind":"dir')
  expect(readRecord(journal.path)?.leftovers).toEqual([{ kind: 'directory', path: '/a' }])
})

test('a record is abandoned only if none of its owners runs', () => {
  const folder = recordFolder(parent)
  const alive = new ResourceLog(folder, 'alive')
  alive.own(process.pid)
  const dead = new ResourceLog(folder, 'dead')
  appendFileSync(dead.path, `{"owner":{"pid":${process.pid},"startedAt":"another boot:1"}}\n`)
  expect(abandonedRecords(folder).map(({ path }) => path)).toEqual([dead.path])
})

test('only the user can read records', () => {
  const folder = recordFolder(parent)
  new ResourceLog(folder, 'run').own(process.pid)
  expect(statSync(folder).mode & 0o077).toBe(0)
  expect(statSync(join(folder, readdirSync(folder)[0] ?? '')).mode & 0o077).toBe(0)
})

test.skipIf(process.getuid?.() !== 0)('rejects a folder of another user, whose records could name anything', () => {
  const folder = recordFolder(parent)
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
  chownSync(folder, 65_534, 65_534)
  expect(() => recordFolder(parent)).toThrow(/must be a folder of user/)
})

import type ChildProcess from 'node:child_process'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Reaper } from './reaper.ts'
import { readRecord } from './resource-log.ts'

vi.mock('node:child_process', { spy: true })

test('starts its process before it writes a record, which a kill in between would leave behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reaper-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  let hadRecord: boolean | undefined
  const { spawn: start } = await vi.importActual<typeof ChildProcess>('node:child_process')
  vi.mocked(spawn).mockImplementation(((file: string, [entry, record]: string[], options: object) => {
    hadRecord = existsSync(record!)
    return start(file, [entry!, record!], options)
  }) as typeof spawn)

  await using _ = await Reaper.start({ folder })
  expect(hadRecord).toBe(false)
  const [name] = readdirSync(folder)
  expect(readRecord(join(folder, name!))).toMatchObject({ owned: true, owners: [{ pid: process.pid }, {}] })
})

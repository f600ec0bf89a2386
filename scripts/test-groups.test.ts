import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { NOT_PURE, PURE } from './test-groups.ts'

/** What a file that shares its process with others may not contain: it would affect them, or be affected. */
const UNFIT =
  /vi\.(?:mock|doMock|stub|resetModules)|process\.(?:on|exit|chdir)|delete process\.env|process\.env(?:\.\w+|\[[^\]]*\])? = |setHostPolicy|child_process|worker_threads|createServer|start(?:Server|Stack|Environment)\(|testing\/(?:inline-project|scripted-server|truth-websocket)/

const files = globSync([...PURE], { exclude: [...NOT_PURE] })

test.each(files)('%s may share its process with other files', (file) => {
  expect(readFileSync(file, 'utf8').match(UNFIT)?.[0]).toBeUndefined()
})

test.each(NOT_PURE)('%s is needed: it names a file of a shared folder', (pattern) => {
  const named = globSync(pattern)
  expect(named).not.toEqual([])
  expect(globSync([...PURE])).toEqual(expect.arrayContaining(named))
})

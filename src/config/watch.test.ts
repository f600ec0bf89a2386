import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { target } from '../services/target.ts'
import { targetTriggers, watchedFolders } from './watch.ts'

test('the files of a target are those beside its program, or those it names, wherever it lies', async () => {
  const folder = join(await mkdtemp(join(tmpdir(), 'slo-watch-')), 'a (copy) [2]')
  onTestFinished(() => rm(join(folder, '..'), { recursive: true }))
  await mkdir(join(folder, 'src'), { recursive: true })
  await writeFile(join(folder, 'src/main.ts'), '')
  const beside = targetTriggers(target({ command: ['node', 'src/main.ts'], cwd: folder }), {})
  expect(beside, 'what means something in a glob is escaped').toEqual([
    `${join(folder, '..')}/a \\(copy\\) \\[2\\]/src/**/*`,
  ])
  expect(watchedFolders(beside)).toEqual([join(folder, 'src')])

  const named = targetTriggers(target({ command: ['node', 'a.ts'], cwd: folder, watch: ['lib/{a,b}/*', 'one.ts'] }), {})
  expect(watchedFolders(named)).toEqual([join(folder, 'lib'), join(folder, 'one.ts')])
})

test('of a target that is not ours there are none', () => {
  expect(targetTriggers(target({ url: 'http://127.0.0.1:3000' }), {})).toEqual([])
  const ours = target({ command: ['node', 'src/main.ts'], watch: ['src/**'] })
  expect(targetTriggers(ours, { PERF_TARGET_URL: 'http://127.0.0.1:3000' })).toEqual([])
  expect(targetTriggers(undefined, {})).toEqual([])
})

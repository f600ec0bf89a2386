import { readFile, rm, writeFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { InlineProject, plainText } from '../testing/inline-project.ts'

/** A target that responds with its process id. */
const TARGET = `
  import { createServer } from 'node:http'
  import './part.mjs'
  createServer((request, response) => response.end(String(process.pid))).listen(Number(process.env.PORT), '127.0.0.1')
`

/** A service that prints when it is started and cleaned up. */
const CONFIG = `
  import { definePerfConfig, target } from 'vitest-slo/config'
  const cache = {
    name: 'cache',
    async start() {
      console.log('SERVICE started')
      const base = { name: 'cache', provider: 'own', summary: 'a cache', connection: {}, env: {} }
      return { ...base, reset: async () => console.log('SERVICE reset'), [Symbol.asyncDispose]: async () => console.log('SERVICE cleaned up') }
    },
  }
  export default definePerfConfig({
    services: [cache],
    target: target({ command: ['node', 'target/main.mjs'], ready: '/' }),
  })
`

const BROKEN = 'throw new Error("a mistake in the target")'

const SCENARIO = `
  import { perfTest } from 'vitest-slo'
  perfTest('which', async ({ target, runId }) => {
    console.log('TARGET', await (await fetch(target.url)).text(), 'RUN', runId)
  })
`

/** Vitest in watch mode; returns the output of each of its runs. */
async function watched(files: Readonly<Record<string, string>>) {
  const project = await InlineProject.create(files)
  let [output, read] = ['', 0]
  let stop = () => {}
  const waiting = new Set<() => void>()
  const whole = project.run(['--watch'], { PERF_SCALE: 'smoke' }, (soFar, end) => {
    output = plainText(soFar)
    stop = end
    for (const wake of waiting) wake()
  })
  onTestFinished(async () => {
    stop()
    await whole
    await project[Symbol.asyncDispose]()
  })
  return {
    project,
    /** Output up to the end of the next run. */
    async nextRun(): Promise<string> {
      for (;;) {
        const end = /(Waiting|Watching) for file changes/.exec(output.slice(read))
        if (end !== null) {
          const printed = output.slice(read, read + end.index)
          read += end.index + end[0].length
          return printed
        }
        await new Promise<void>((resolve, reject) => {
          waiting.add(resolve)
          void whole.then(({ output: all }) => reject(new Error(`Vitest ended before its next run:\n${all}`)))
        })
      }
    },
    async stop() {
      stop()
      return plainText((await whole).output)
    },
  }
}

function targetIn(printed: string): { pid: string; run: string } {
  const [, pid = 'none', run = 'none'] = /TARGET (\d+) RUN (\S+)/.exec(printed) ?? []
  return { pid, run }
}

test('services and target keep running; the target restarts when its files change, and a failure is reported', async () => {
  const { project, nextRun, stop } = await watched({
    'vitest.config.ts': CONFIG,
    'target/main.mjs': TARGET,
    'target/part.mjs': '',
    'perf/which.perf.ts': SCENARIO,
  })
  const first = targetIn(await nextRun())

  await writeFile(project.path('perf/which.perf.ts'), `${SCENARIO}// saved again`)
  const again = targetIn(await nextRun())
  expect(again.pid).toBe(first.pid)
  expect(again.run, 'a run does not use rows of another one').not.toBe(first.run)

  await writeFile(project.path('target/part.mjs'), 'export const changed = true')
  const restarted = await nextRun()
  expect(restarted).toContain('target restarted: target/part.mjs changed')
  expect(targetIn(restarted).pid).not.toBe(first.pid)

  await writeFile(project.path('target/part.mjs'), BROKEN)
  const broken = await nextRun()
  expect(broken).toContain('a mistake in the target')
  // Printed immediately, and again by the scenario that fails with it.
  expect(broken.indexOf('a mistake in the target')).toBeLessThan(broken.indexOf('perf/which.perf.ts'))
  expect(broken).toMatch(/1 failed/)

  await writeFile(project.path('target/part.mjs'), '')
  expect(targetIn(await nextRun()).pid).toMatch(/^\d+$/)

  const all = await stop()
  expect(all.match(/SERVICE \w+( up)?/g)).toEqual(['SERVICE started', 'SERVICE cleaned up'])
})

test('a target that fails to start fails its scenarios, and is started again with the next change', async () => {
  const { project, nextRun, stop } = await watched({
    'vitest.config.ts': CONFIG,
    'target/main.mjs': TARGET,
    'target/part.mjs': BROKEN,
    'perf/which.perf.ts': SCENARIO,
  })
  const broken = await nextRun()
  expect(broken).toContain('a mistake in the target')
  expect(broken).toMatch(/1 failed/)

  await writeFile(project.path('target/part.mjs'), '')
  expect(targetIn(await nextRun()).pid).toMatch(/^\d+$/)

  const all = await stop()
  const states = ['started', 'cleaned up', 'started', 'cleaned up']
  expect(all.match(/SERVICE \w+( up)?/g)).toEqual(states.map((state) => `SERVICE ${state}`))
})

/** Config as in the README and from `init`, or with a script of the manifest. */
const ROOT_CONFIG = (command: readonly string[], options = '') => `
  import { definePerfConfig, target } from 'vitest-slo/config'
  export default definePerfConfig({ target: target({ command: ${JSON.stringify(command)}, ready: '/', ${options} }) })
`
const ROOT_TARGET = TARGET.replace('./part.mjs', './lib/part.mjs')

test.each([
  { command: ['node', 'server.mjs'] },
  { command: ['npm', 'start'] },
  { command: ['node', 'dist/server.mjs'] },
])('$command: a saved file restarts the target, anywhere in the project', async ({ command }) => {
  const { project, nextRun } = await watched({
    'vitest.config.ts': ROOT_CONFIG(command),
    'package.json': JSON.stringify({ type: 'module', scripts: { start: 'node server.mjs' } }),
    'server.mjs': ROOT_TARGET,
    'dist/server.mjs': ROOT_TARGET.replace('./lib', '../lib'),
    'lib/part.mjs': '',
    'data.bin': '',
    'perf/which.perf.ts': SCENARIO,
  })
  const first = await nextRun()
  expect(first).toContain(
    'vitest-slo  watching .: the target restarts when a file changes (except in node_modules, reports and scenarios)\n',
  )

  await writeFile(project.path('lib/part.mjs'), 'export const changed = true')
  const second = await nextRun()
  expect(second).toContain('vitest-slo  target restarted: lib/part.mjs changed\n')
  expect(targetIn(second).pid).not.toBe(targetIn(first).pid)

  const entry = command.at(-1)!.endsWith('.mjs') ? command.at(-1)! : 'server.mjs'
  await writeFile(project.path(entry), `${await readFile(project.path(entry), 'utf8')}\n// saved`)
  const third = await nextRun()
  expect(third).toContain(`vitest-slo  target restarted: ${entry} changed\n`)
  expect(targetIn(third).pid).not.toBe(targetIn(second).pid)

  // Not a source by its name, so saving it starts no run. The next run still restarts the target.
  await writeFile(project.path('data.bin'), 'changed')
  await writeFile(project.path('perf/which.perf.ts'), `${SCENARIO}// saved again`)
  expect(await nextRun()).toContain('vitest-slo  target restarted: data.bin changed\n')
})

test.each(['', "watch: ['lib/**', 'server.mjs'],"])(
  'the removal of a source restarts the target (%s)',
  async (watch) => {
    const { project, nextRun } = await watched({
      'vitest.config.ts': ROOT_CONFIG(['node', 'server.mjs'], watch),
      'server.mjs': TARGET.replace("import './part.mjs'", "await import('./lib/part.mjs').catch(() => {})"),
      'lib/part.mjs': '',
      'perf/which.perf.ts': SCENARIO,
    })
    const first = targetIn(await nextRun())
    await rm(project.path('lib/part.mjs'))
    const second = await nextRun()
    expect(second).toContain('vitest-slo  target restarted: lib/part.mjs changed\n')
    expect(targetIn(second).pid).not.toBe(first.pid)
  },
)

test('globs limit the watched files', async () => {
  const { project, nextRun } = await watched({
    'vitest.config.ts': ROOT_CONFIG(['node', 'server.mjs'], "watch: ['lib/**']"),
    'server.mjs': ROOT_TARGET,
    'lib/part.mjs': '',
    'perf/which.perf.ts': SCENARIO,
  })
  const first = await nextRun()
  expect(first).toContain('vitest-slo  watching lib/**: the target restarts when a file changes\n')

  await writeFile(project.path('server.mjs'), `${ROOT_TARGET}// saved`)
  await writeFile(project.path('perf/which.perf.ts'), `${SCENARIO}// saved again`)
  expect(targetIn(await nextRun()).pid).toBe(targetIn(first).pid)

  await writeFile(project.path('lib/part.mjs'), 'export const changed = true')
  expect(targetIn(await nextRun()).pid).not.toBe(targetIn(first).pid)
})

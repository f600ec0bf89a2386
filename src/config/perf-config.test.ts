import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { Results } from '../report/results.ts'
import { InlineProject, INSTANT_TARGET, perfConfigSource } from '../testing/inline-project.ts'

const EXTENSIONS = ['cjs', 'cts', 'js', 'jsx', 'mjs', 'mts', 'ts', 'tsx']

test.each(['module', 'commonjs'])(
  'finds scenarios of every kind of JavaScript and TypeScript in a package of type %s',
  async (type) => {
    const scenario = (extension: string) => `
    import { expect } from 'vitest'
    import { perfTest } from 'vitest-slo'
    perfTest('${extension}', async ({ target }) => expect((await fetch(target.url)).status).toBe(200))
  `
    const project = await InlineProject.create({
      'package.json': JSON.stringify({ type }),
      'vitest.config.mts': perfConfigSource(),
      'target/server.mjs': INSTANT_TARGET,
      ...Object.fromEntries(
        EXTENSIONS.map((extension) => [`perf/a/${extension}.perf.${extension}`, scenario(extension)]),
      ),
    })
    onTestFinished(() => project[Symbol.asyncDispose]())
    const { exitCode, output } = await project.run()
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
    const results = JSON.parse(await readFile(project.path('perf-report/results.json'), 'utf8')) as Results
    expect(results.scenarios.map(({ name }) => name).toSorted()).toEqual(EXTENSIONS)
  },
)

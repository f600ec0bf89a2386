import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { InlineProject } from '../testing/inline-project.ts'

let project: InlineProject

beforeAll(async () => {
  project = await InlineProject.create({
    'package.json': '{ "type": "module" }',
    'vitest.config.ts': `
      import { definePerfConfig } from 'vitest-slo/config'
      const limits = { name: 'limits', resolveId: (id) => id === 'virtual:limits' ? id : undefined, load: (id) => id === 'virtual:limits' ? 'export const p95Ms = 150' : undefined }
      export default {
        test: {
          passWithNoTests: true,
          projects: [
            { test: { name: 'unit', include: ['src/**/*.test.js'] } },
            definePerfConfig({
              test: { name: 'perf' },
              plugins: [limits],
              resolve: { alias: { '@': new URL('src', import.meta.url).pathname } },
              define: { __UNIT__: '"ms"' },
            }),
          ],
        },
      }`,
    'src/price.js': 'export const price = 7',
    'src/price.test.js': `
      import { expect, test } from 'vitest'
      test('the price', () => expect(7).toBe(7))`,
    'perf/price.perf.js': `
      import { price } from '@/price'
      import { p95Ms } from 'virtual:limits'
      import { expect } from 'vitest'
      import { perfTest } from 'vitest-slo'
      perfTest('aliases, plugins and constants', () => expect([price, p95Ms, __UNIT__]).toEqual([7, 150, 'ms']))`,
  })
})
afterAll(() => project[Symbol.asyncDispose]())

test('scenarios run beside unit tests, with the plugins, aliases and constants of the config', async () => {
  const { exitCode, output } = await project.run()
  expect(output).toMatch(/unit.*price\.test\.js/)
  expect(output).toMatch(/perf.*price\.perf\.js/)
  expect(output).not.toMatch(/warn/i)
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
})

test('a project of scenarios without any fails the command, even with passWithNoTests', async () => {
  await rm(project.path('perf/price.perf.js'))
  const { exitCode, output } = await project.run(['run', '--project', 'perf'])
  expect(output).toContain(
    'vitest-slo: no scenario file was found, so nothing ran\n' +
      'Fix: correct the filter or `include`, by default perf/**/*.perf.{js,mjs,cjs,jsx,ts,mts,cts,tsx}; passWithNoTests applies to unit tests only',
  )
  expect(exitCode).toBe(1)
  expect((await project.run(['run', '--project', 'unit'])).exitCode).toBe(0)
})

import { expect, onTestFinished, test } from 'vitest'
import type { Vitest } from 'vitest/node'
import { placeOf, RENDEZVOUS_KINDS } from '../testing/rendezvous-kinds.ts'
import { checkMachines, CommandGenerators } from './command-generators.ts'
import { generatorCount, readGenerators } from './generators-option.ts'

const MACHINE = { version: '0.1.0', node: 'v24.0.0', loopback: 'a' }

test('accepts generators on other machines only if the target runs already', () => {
  const machines = [MACHINE, MACHINE, { ...MACHINE, loopback: 'b' }]
  expect(() => checkMachines(machines, false)).not.toThrow()
  expect(() => checkMachines([MACHINE, MACHINE], true)).not.toThrow()
  expect(() => checkMachines(machines, true)).toThrowErrorMatchingInlineSnapshot(`
    [GeneratorError: generator 1 starts the target on its machine, where generators 3 cannot reach it: they run on other machines
    Fix: start the target yourself and set PERF_TARGET_URL to an address that all generators can reach, or use generators on one machine: definePerfConfig({ generators: 4 })]
  `)
})

test.each([
  [{ version: '0.2.0' }, 'different versions of vitest-slo: 1 has 0.1.0, 2 has 0.2.0'],
  [{ node: 'v22.18.0' }, 'different versions of Node.js: 1 has v24.0.0, 2 has v22.18.0'],
])('rejects generators with %o', (other, problem) => {
  expect(() => checkMachines([MACHINE, { ...MACHINE, ...other }], false)).toThrow(problem)
})

test('takes one generator for each core, without one for a target that runs here', () => {
  expect(generatorCount('auto', false, 8)).toBe(8)
  expect(generatorCount('auto', true, 8)).toBe(7)
  expect(generatorCount('auto', true, 1)).toBe(1)
  expect(generatorCount('auto', false, 128)).toBe(64)
  expect(generatorCount(3, true, 8)).toBe(3)
})

test('prefers the variables of one generator of several to the config', () => {
  const env = { PERF_GENERATOR: '2/3', PERF_RENDEZVOUS_URL: 'redis://127.0.0.1', PERF_RUN_ID: 'r' }
  expect(readGenerators(4, env, false)).toMatchObject({ from: { index: 1, count: 3, runId: 'r' }, timeoutMs: 120_000 })
  expect(readGenerators(4, { PERF_RENDEZVOUS_TIMEOUT: '5m' }, false)).toEqual({ from: 4, timeoutMs: 300_000 })
  expect(readGenerators(1, {}, false)).toBeUndefined()
})

test.each([[true], [false]])('leaves no timer behind after a run, passed: %s', async (passed) => {
  const rendezvous = await RENDEZVOUS_KINDS.local()
  onTestFinished(() => rendezvous[Symbol.asyncDispose]())
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const commands = [0, 1].map((index) => {
    const place = placeOf(rendezvous, index, 2)!
    return new CommandGenerators({} as Vitest, place, place.timeoutMs, (line) => line)
  })
  await Promise.all(commands.map((command) => command.join()))
  expect(await Promise.all(commands.map((command) => command.end(passed)))).toEqual([undefined, undefined])
  expect(timers()).toBeLessThanOrEqual(before)
})

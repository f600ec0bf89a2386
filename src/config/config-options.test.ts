import { expect, test } from 'vitest'
import { OptionsError, Problems } from '../options/problems.ts'
import { collect, CONFIG, seedOf, type PerfConfig } from './config-options.ts'
import { postgres, target } from './index.ts'

function messageOf(config: object, env: NodeJS.ProcessEnv = {}): string {
  const problems = new Problems()
  seedOf(problems, CONFIG.read(problems, '', config), env)
  try {
    problems.throwIfAny('definePerfConfig()')
  } catch (error) {
    return (error as Error).message
  }
  return 'fine'
}

test('accepts valid options', () => {
  expect(messageOf({})).toBe('fine')
  const config: PerfConfig = {
    ...{ include: ['load/*.ts'], scale: 'pr', services: [postgres()], reset: 'each-scenario', seed: 7 },
    ...{ target: target({ url: 'http://127.0.0.1:3000' }), outputDir: 'out', onInvalid: 'warn', metrics: '/m' },
    ...{ capacity: { cores: 2 }, exporter: { port: 9464 }, test: { bail: 1 } },
  }
  expect(messageOf(config)).toBe('fine')
})

test('reports every mistake in one error, with a valid example', () => {
  const config = {
    ...{ include: 'perf/*.ts', scael: 'pr', services: postgres(), reset: 'always', target: 'http://127.0.0.1:3000' },
    ...{ seed: 1.5, outputDir: '', onInvalid: 'ignore', exporter: 9464, test: null },
  }
  expect(messageOf(config)).toMatchInlineSnapshot(`
    "definePerfConfig() received 10 invalid options:

      scael: unknown option; did you mean scale? Valid options: include, scale, services, reset, target, allowRemote, generators, seed, outputDir, onInvalid, metrics, capacity, secrets, exporter, test, plugins, resolve, define
        Received: 'pr'
        Fix:      write scale: 'pr'
      include: must be a list of file patterns
        Received: 'perf/*.ts'
        Fix:      write, for example, include: ['perf/**/*.perf.ts']
      services: must be a list of services
        Received: { name: 'postgres', problems: [], start: [Function: start] }
        Fix:      write, for example, services: [postgres(), redis()]
      reset: must be 'never' or 'each-scenario'
        Received: 'always'
        Fix:      write, for example, reset: 'each-scenario'
      target: must be the result of target()
        Received: 'http://127.0.0.1:3000'
        Fix:      write, for example, target: target({ command: ['node', 'server.js'] })
      seed: must be an integer
        Received: 1.5
        Fix:      write, for example, seed: 7
      outputDir: must be the path of a folder
        Received: ''
        Fix:      write, for example, outputDir: 'perf-report'
      onInvalid: must be 'fail' or 'warn'
        Received: 'ignore'
        Fix:      write, for example, onInvalid: 'warn'
      exporter: must be an object
        Received: 9464
        Fix:      write, for example, exporter: { port: 9464 }
      test: must be an object
        Received: null
        Fix:      write, for example, test: { bail: 1 }"
  `)
})

test.each<[string, object]>([
  ['include', { include: ['perf/*.ts', 7] }],
  ['include', { include: [''] }],
])('checks every item: %s in %j', (name, config) => {
  expect(messageOf(config)).toMatch(`an invalid option:\n\n  ${name}: must be a list of`)
})

test.each<[string, object]>([
  ['services[1]', { services: [postgres(), 'redis'] }],
  ['services[0]', { services: [postgres] }],
  ['services[0]', { services: [{ start: true }] }],
])('names the service that is wrong: %s in %j', (path, config) => {
  expect(messageOf(config)).toContain(`an invalid option:\n\n  ${path}: must be a service: the result of postgres()`)
})

test('PERF_SEED overrides the option; the default is 1', () => {
  const problems = new Problems()
  const seed = (config: PerfConfig, env: NodeJS.ProcessEnv = {}) =>
    seedOf(problems, CONFIG.read(problems, '', config), env)
  expect(seed({})).toBe(1)
  expect(seed({ seed: 7 })).toBe(7)
  expect(seed({ seed: 7 }, { PERF_SEED: '8' })).toBe(8)
  expect(seed({ seed: 7 }, { PERF_SEED: '' })).toBe(7)
  expect(seed({}, { PERF_SEED: '-3' })).toBe(-3)
  for (const given of ['1.5', '1e3', '0x10', '9007199254740993'])
    expect(messageOf({}, { PERF_SEED: given })).toContain('PERF_SEED: must be an integer')
  expect(messageOf({}, { PERF_SEED: 'lucky' })).toMatch(/PERF_SEED: must be an integer\n {4}Received: 'lucky'/)
})

test('adds the mistakes of a part to those of the config, and throws other errors', () => {
  const problems = new Problems()
  const mistake = { path: 'scale', received: 'xl', rule: 'must be known', fix: "write, for example, scale: 'pr'" }
  const failing = () => {
    throw new OptionsError('The scale', [mistake])
  }
  expect(collect(problems, failing)).toBe(undefined)
  expect(problems.found).toEqual([mistake])
  expect(collect(problems, () => 5)).toBe(5)
  const unexpected = () => {
    throw new TypeError('not expected')
  }
  expect(() => collect(problems, unexpected)).toThrow('not expected')
})

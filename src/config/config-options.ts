import { checkKnownKeys, checkNumber } from '../options/checks.ts'
import { OptionsError, type Problems } from '../options/problems.ts'
import type { PerfConfig } from './perf-config.ts'

/** A record, so that an option cannot be added to the config and forgotten here. */
const OPTIONS: Readonly<Record<keyof PerfConfig, true>> = {
  include: true,
  scale: true,
  services: true,
  reset: true,
  target: true,
  seed: true,
  outputDir: true,
  invalid: true,
  metrics: true,
  capacity: true,
  exporter: true,
  test: true,
}

/** Finds mistakes in the options that no other part reads. JavaScript configs are not type-checked. */
export function checkConfig(problems: Problems, config: PerfConfig): void {
  const { include = [], services = [], reset, target, outputDir, invalid, exporter = {}, test = {} } = config
  checkKnownKeys(problems, '', config, Object.keys(OPTIONS))
  if (!Array.isArray(include) || !include.every(isText))
    problems.add('include', include, 'must be a list of file patterns', "include: ['perf/**/*.perf.ts']")
  checkOneOf(problems, 'reset', reset, ['never', 'each-scenario'])
  checkOneOf(problems, 'invalid', invalid, ['fail', 'warn'])
  if (!Array.isArray(services) || !services.every(canStart))
    problems.add('services', services, 'must be a list of services', 'services: [postgres(), redis()]')
  if (target !== undefined && !canStart(target))
    problems.add('target', target, 'must be what target() makes', "target: target({ command: ['node', 'server.js'] })")
  if (outputDir !== undefined && !isText(outputDir))
    problems.add('outputDir', outputDir, 'must be the path of a folder', "outputDir: 'perf-report'")
  for (const [name, value] of Object.entries({ exporter, test }))
    if (typeof value !== 'object' || value === null)
      problems.add(name, value, 'must be an object', name === 'test' ? 'test: { bail: 1 }' : 'exporter: { port: 9464 }')
}

/** `PERF_SEED`, else the config's, else 1. */
export function readSeed(problems: Problems, { seed }: PerfConfig, env: NodeJS.ProcessEnv): number {
  const given = env['PERF_SEED']
  if (given === undefined || given === '')
    return seed === undefined ? 1 : checkNumber(problems, 'seed', seed, { integer: true, example: 7 })
  if (/^-?\d+$/.test(given) && Number.isSafeInteger(Number(given))) return Number(given)
  problems.add('PERF_SEED', given, 'must be a whole number', 'PERF_SEED=7')
  return Number.NaN
}

/** Takes the mistakes that a part found into those of the whole config. */
export function collect<T>(problems: Problems, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    problems.adopt('', error.problems)
    return undefined
  }
}

function checkOneOf(problems: Problems, name: string, value: unknown, allowed: readonly [string, string]): void {
  if (value === undefined || allowed.includes(value as string)) return
  problems.add(name, value, `must be '${allowed[0]}' or '${allowed[1]}'`, `${name}: '${allowed[1]}'`)
}

function canStart(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'start' in value && typeof value.start === 'function'
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

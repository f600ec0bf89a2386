import { AsyncLocalStorage } from 'node:async_hooks'
import type { RunnerTestCase } from 'vitest'
import { assertedBy } from './asserted.ts'

/** The scenario of the code that runs: callbacks of timers and promises belong to the code that created them. */
const running = new AsyncLocalStorage<RunnerTestCase>()
const owners = new WeakMap<object, RunnerTestCase>()
const wholes = new WeakMap<object, object>()

/** Before Node.js 24, `enterWith()` also affects the code after the scenario, unless this flag is set. */
export const CONTEXT_FLAGS: readonly string[] = isBefore24() ? ['--experimental-async-context-frame'] : []
const isExact = CONTEXT_FLAGS.every((flag) => process.execArgv.includes(flag))

/** Begins a scenario: the caller and what it calls from now on is code of the scenario. */
export function enterScenario(scenario: RunnerTestCase): void {
  if (isExact) running.enterWith(scenario)
}

/** Whether the code that runs belongs to the scenario, as far as known. */
export function isCodeOf(scenario: RunnerTestCase): boolean {
  return (running.getStore() ?? scenario) === scenario
}

/**
 * The scenario to which an assertion on the value belongs: the one that made the value, until its end, else the one whose
 * code asserts.
 *
 * @param current the scenario that Vitest runs, if the code belongs to none
 */
export function scenarioOf(value: unknown, current: RunnerTestCase | undefined): RunnerTestCase | undefined {
  const owner = ownerOf(value)
  if (owner !== undefined && !assertedBy(owner).isOver) return owner
  return running.getStore() ?? current
}

/** Registers the scenario that made a run. @returns the value */
export function ownedBy<T>(scenario: RunnerTestCase, value: T): T {
  const whole = isObject(value) ? wholeOf(value) : undefined
  if (whole !== undefined && !owners.has(whole)) owners.set(whole, scenario)
  return value
}

/** Registers a value that belongs to the same scenario as another one, such as a phase of a run. @returns the part */
export function partOf<T extends object>(whole: object, part: T): T {
  if (whole !== part) wholes.set(part, whole)
  return part
}

/** Whether another scenario made the value. */
export function isForeign(value: unknown, scenario: RunnerTestCase): boolean {
  return (ownerOf(value) ?? scenario) !== scenario
}

function ownerOf(value: unknown): RunnerTestCase | undefined {
  return isObject(value) ? owners.get(wholeOf(value)) : undefined
}

function wholeOf(value: object): object {
  let whole = value
  for (let next = wholes.get(whole); next !== undefined; next = wholes.get(whole)) whole = next
  return whole
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isBefore24(): boolean {
  return Number(process.versions.node.split('.')[0]) < 24
}

import type { RunnerTestCase } from 'vitest'

const owners = new WeakMap<object, RunnerTestCase>()
const wholes = new WeakMap<object, object>()

/** Registers the scenario that made a run or another subject of assertions. @returns the value */
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

/** The scenario that made the value; `undefined` if it is unknown. */
export function ownerOf(value: unknown): RunnerTestCase | undefined {
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

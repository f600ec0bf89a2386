import { vi } from 'vitest'

/** In this project's own tests the clock reads the globals at each call, so that fake timers control it. */
vi.mock(import('../machine/clock.ts'), async (importActual) => ({
  ...(await importActual()),
  now: () => performance.now(),
  wallMs: () => Date.now(),
  cpuUsage: (previous) => process.cpuUsage(previous),
  clearInterval: (timer) => globalThis.clearInterval(timer),
  clearTimeout: (timer) => globalThis.clearTimeout(timer),
  setInterval: callingGlobal('setInterval'),
  setTimeout: callingGlobal('setTimeout'),
}))

function callingGlobal<Name extends 'setInterval' | 'setTimeout'>(name: Name): (typeof globalThis)[Name] {
  return ((...args: [() => void, number]) => globalThis[name](...args)) as (typeof globalThis)[Name]
}

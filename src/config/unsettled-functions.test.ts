import { describe, expect, test } from 'vitest'
import { alone } from '../evidence/on-one-generator.ts'
import { ScenarioError } from '../execution/scenario-error.ts'
import { Setups } from '../fixtures/setup.ts'
import { assignRows, rows } from '../load/data.ts'
import { Random } from '../load/random.ts'
import { settledInTime } from '../machine/unsettled.ts'
import { createMicro } from '../micro/micro.ts'
import { startEnvironment } from '../services/environment.ts'
import type { Service, StartedService } from '../services/service.ts'

const never = () => new Promise<never>(() => {})

async function* withoutRows() {
  yield await never()
}

const assign = (data: Parameters<typeof assignRows>[0], signal: AbortSignal) =>
  assignRows(data, { vus: 2, iterations: 2 }, { sql: undefined, random: new Random(1), signal })

const STARTED: StartedService = {
  ...{ name: 'queue', provider: 'own', summary: 'a queue', connection: {}, env: {} },
  async [Symbol.asyncDispose]() {},
}

const service = (more: Partial<Service>): Service => ({ name: 'queue', start: async () => STARTED, ...more })

/** Functions of the user whose promises nothing else ends, by how the error names them. */
const FUNCTIONS: readonly (readonly [name: string, call: (signal: AbortSignal) => Promise<unknown>])[] = [
  ['setup()', (signal) => new Setups(alone, never, signal).setUp(never)],
  ['data', (signal) => assign(withoutRows(), signal)],
  ['data', (signal) => assign(rows(withoutRows()), signal)],
  ['the function of parse', (signal) => createMicro({ signal }).measure('parse', never)],
  ['queue: start()', (signal) => startEnvironment({ services: [service({ start: never })] }, { signal, env: {} })],
]

describe('a function that returns a promise that does not settle', () => {
  test.each(FUNCTIONS)('ends when the work is stopped, and is named: %s', async (name, call) => {
    const stop = new AbortController()
    const called = call(stop.signal)
    setImmediate(() => stop.abort(new Error('Ctrl-C')))
    await expect(called).rejects.toThrow(
      name === 'queue: start()'
        ? 'Ctrl-C'
        : `${name} returned a promise that had not settled when the work was stopped: Ctrl-C
Fix: find what its promise waits for, and give that a time limit`,
    )
  })

  test('ends when the scenario is stopped in its teardown', async () => {
    const stop = new AbortController()
    const setups = new Setups(alone, async () => {}, stop.signal)
    let isCalled = false
    const teardown = () => {
      isCalled = true
      stop.abort(new Error('Ctrl-C'))
      return never()
    }
    await setups.setUp(() => 1, { teardown })
    await expect(setups.tearDown()).rejects.toThrow(/^teardown of setup\(\) returned a promise that had not settled/)
    expect(isCalled).toBe(true)
  })

  test('ends with the environment if it resets a service', async () => {
    const reset = Promise.withResolvers<void>()
    const hanging = service({
      start: async () => ({
        ...STARTED,
        reset: () => {
          reset.resolve()
          return never()
        },
      }),
    })
    const environment = await startEnvironment({ services: [hanging] }, { env: {} })
    const [outcome] = await Promise.allSettled([
      environment.reset(),
      reset.promise.then(() => environment[Symbol.asyncDispose]()),
    ])
    expect(outcome).toMatchObject({ status: 'rejected' })
    expect((outcome as PromiseRejectedResult).reason).toMatchObject({
      message: expect.stringContaining(
        'queue: reset() returned a promise that had not settled when the work was stopped',
      ),
    })
  })

  test('cleans up a service that starts after its start was given up', async () => {
    const [started, cleanedUp] = [Promise.withResolvers<StartedService>(), Promise.withResolvers<void>()]
    const stop = new AbortController()
    const starting = startEnvironment(
      { services: [service({ start: () => started.promise })] },
      { signal: stop.signal, env: {} },
    )
    setImmediate(() => stop.abort(new Error('Ctrl-C')))
    await expect(starting).rejects.toThrow('Ctrl-C')
    started.resolve({ ...STARTED, [Symbol.asyncDispose]: async () => cleanedUp.resolve() })
    await cleanedUp.promise
  })
})

describe('settledInTime()', () => {
  const { signal } = new AbortController()

  test('returns the value, or throws the error, of what settles', async () => {
    expect(await settledInTime(1, { name: 'f()', signal })).toBe(1)
    expect(await settledInTime(Promise.resolve(2), { name: 'f()', signal, timeoutMs: 1_000 })).toBe(2)
    await expect(settledInTime(Promise.reject(new Error('own')), { name: 'f()', signal })).rejects.toThrow('own')
  })

  test('throws after the time limit, and ignores a later rejection', async () => {
    const later = Promise.withResolvers<never>()
    const error = (message: string) => new ScenarioError(message)
    const called = settledInTime(later.promise, { name: 'f()', signal, timeoutMs: 1, error })
    await expect(called).rejects.toThrow(/^f\(\) returned a promise that had not settled after 0 s\nFix: /)
    await expect(called).rejects.toThrow(ScenarioError)
    later.reject(new Error('too late'))
  })

  test('keeps the value of a function that had settled before the signal was aborted', async () => {
    expect(await settledInTime(Promise.resolve(3), { name: 'f()', signal: AbortSignal.abort() })).toBe(3)
  })
})

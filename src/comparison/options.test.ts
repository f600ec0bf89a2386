import { expect, test } from 'vitest'
import { constantArrivalRate, sharedIterations } from '../load/builders.ts'
import { readCompareOptions, requestsPerIteration } from './options.ts'

const load = constantArrivalRate({ rate: 40, vus: 8, duration: '12s' })
const request = { path: '/' }

test('fills in defaults', () => {
  expect(readCompareOptions({ load, request })).toMatchObject({ slices: undefined, warmupMs: 3_000, run: { request } })
})

test('reports all mistakes in one error, including those of http.run()', () => {
  const options = {
    load: { ...load, vus: 0 },
    request: { path: 'x' },
    slices: 3,
    warmup: 'long',
    record: true,
    speed: 9,
  }
  expect(() => readCompareOptions(options as never)).toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: compare() received 6 invalid options:

      record: cannot be used with two builds
        Received: true
        Fix:      write, for example, compare({ base, head }, { load, request })
      slices: must be an integer at least 6 and at most 200
        Received: 3
        Fix:      write, for example, slices: 20
      warmup: must be a duration at least 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds
        Received: 'long'
        Fix:      write, for example, warmup: '2m'
      speed: unknown option. Valid options: load, request, steps, flow, name, data, timeout, warmup, startAfter, expectStatus, maxQueueTime, record, headers, auth, hosts, cookies, connections, connectionsPerVu, retryAfter, proxy, redirects, baseUrl, connectTo, tls, abortWhen, timings, traceparent, maxBodyBytes, acceptEncoding
        Received: 9
        Fix:      remove speed
      load.vus: must be an integer at least 1
        Received: 0
        Fix:      write, for example, vus: 50
      request.path: must begin with '/' and be percent-encoded: '/api/search?query=' + encodeURIComponent(text), received "x"
        Received: 'x'
        Fix:      write, for example, path: '/api/me']
  `)
  expect(() => readCompareOptions({ load: sharedIterations({ iterations: 10, vus: 2 }), request }))
    .toThrowErrorMatchingInlineSnapshot(`
      [OptionsError: compare() received an invalid option:

        load: must be a load with a duration: shared iterations are a fixed amount of work
          Received: { kind: 'sharedIterations', iterations: 10, vus: 2, maxDurationMs: 600000 }
          Fix:      write, for example, load: constantArrivalRate({ rate: 100, vus: 100, duration: '30s' })]
    `)
})

test('requestsPerIteration() counts alternatives as one', () => {
  const steps = [
    { name: 'a', request },
    { name: 'b', request, weight: 1 },
    { name: 'c', request, weight: 2 },
  ]
  expect(requestsPerIteration(readCompareOptions({ load, steps }))).toBe(2)
  expect(requestsPerIteration(readCompareOptions({ load, request }))).toBe(1)
})

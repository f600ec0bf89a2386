import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { TargetDetails } from '../services/environment.ts'
import { Observation, type ObservationOptions } from './observation.ts'

const AUTHORITY = readFileSync(new URL('../../fixtures/tls/authority.pem', import.meta.url), 'utf8')

const target: TargetDetails = {
  provider: 'command',
  instances: [
    { baseUrl: 'http://127.0.0.1:3000', internalUrl: 'http://127.0.0.1:3001', pid: 1 },
    { baseUrl: 'http://127.0.0.1:3002', pid: 2 },
  ],
}

function observed(options: ObservationOptions = {}, env: NodeJS.ProcessEnv = {}) {
  return new Observation(options, env).of(target)
}

describe('metrics are read', () => {
  test('from /metrics of every instance by default, marked as a guess', () => {
    expect(observed().metrics).toEqual({
      urls: ['http://127.0.0.1:3000/metrics', 'http://127.0.0.1:3002/metrics'],
      interval: 1_000,
      isGuessed: true,
    })
  })

  test('from a path, the internal listener, URLs, or the URLs in the variable', () => {
    const urls = (options: ObservationOptions, env?: NodeJS.ProcessEnv) => observed(options, env).metrics.urls
    expect(urls({ metrics: '/prometheus' })[0]).toBe('http://127.0.0.1:3000/prometheus')
    expect(urls({ metrics: { listener: 'internal' } })).toEqual(['http://127.0.0.1:3001/metrics'])
    expect(urls({ metrics: { url: 'http://127.0.0.1:9464/metrics' } })).toEqual(['http://127.0.0.1:9464/metrics'])
    const env = { PERF_METRICS_URL: 'http://127.0.0.1/metrics, https://localhost/metrics' }
    expect(urls({ metrics: '/prometheus' }, env)).toEqual(['http://127.0.0.1/metrics', 'https://localhost/metrics'])
    expect(observed({}, env).metrics.isGuessed).toBe(false)
    expect(observed({ metrics: '/metrics' }).metrics.isGuessed).toBe(false)
  })

  test('with separate credentials and TLS options, which are secrets', () => {
    const metrics = {
      bearerToken: 'tok-en-of-metrics',
      headers: { 'x-api-key': 'key-of-metrics', 'x-tenant': 'production' },
      tls: { ca: Buffer.from(AUTHORITY), passphrase: 'phrase-of-key' },
      requestCounter: 'http_requests_total',
    }
    const observation = new Observation({ metrics }, {})
    expect(observation.of({ ...target, tls: { rejectUnauthorized: false } }).metrics).toMatchObject({
      headers: { 'x-api-key': 'key-of-metrics', 'x-tenant': 'production', authorization: 'Bearer tok-en-of-metrics' },
      tls: { ca: AUTHORITY },
      requestCounter: 'http_requests_total',
    })
    const { secrets } = observation
    expect(secrets).toEqual(expect.arrayContaining(['tok-en-of-metrics', 'key-of-metrics', 'phrase-of-key']))
    expect(secrets).not.toContain('production')
  })

  test('with valid credentials only; invalid ones are not shown', () => {
    const metrics = {
      bearerToken: 'secret-token\n',
      headers: { authorization: 'Basic c2VjcmV0LXRva2Vu', 'bad name': 'x', 'x-a': 7 },
      tls: { rejectUnauthorized: 'no' },
      requestCounter: true,
    } as never
    expect(() => new Observation({ metrics }, {})).toThrowErrorMatchingInlineSnapshot(`
      [OptionsError: definePerfConfig() received 6 invalid options:

        metrics.bearerToken: must be a string that a header can hold
          Received: '***'
          Fix:      write, for example, bearerToken: process.env.METRICS_TOKEN
        metrics.headers.bad name: must be a header
          Received: 'a string of 1 characters'
          Fix:      write, for example, headers: { 'x-api-key': process.env.METRICS_KEY }
        metrics.headers.x-a: must be a header
          Received: 7
          Fix:      write, for example, headers: { 'x-api-key': process.env.METRICS_KEY }
        metrics.tls.rejectUnauthorized: must be true or false
          Received: 'no'
          Fix:      write, for example, rejectUnauthorized: false
        metrics.requestCounter: must be the name of a counter, or false
          Received: true
          Fix:      write, for example, requestCounter: 'http_requests_total'
        metrics.bearerToken: must be the only authorization
          Received: '***'
          Fix:      write, for example, bearerToken: process.env.METRICS_TOKEN]
    `)
  })

  test('from no URL without a target', () => {
    expect(new Observation({}, {}).of(undefined).metrics.urls).toEqual([])
  })
})

test('containers, cores and pgBouncer come from options, which variables override', () => {
  const capacity = { container: 'shop', cores: 2, pgBouncerUrl: 'postgres://a:one@localhost/pgbouncer' }
  expect(observed({ capacity }).capacity).toEqual({ ...capacity, container: undefined, containers: ['shop'] })
  const env = {
    ...{ PERF_TARGET_CONTAINER: 'a, b', PERF_TARGET_CORES: '0.5' },
    PERF_PGBOUNCER_URL: 'postgresql://b:two@localhost/pgbouncer',
  }
  expect(observed({ capacity }, env).capacity).toEqual({
    ...{ containers: ['a', 'b'], cores: 0.5 },
    pgBouncerUrl: 'postgresql://b:two@localhost/pgbouncer',
  })
  expect(new Observation({ capacity }, {}).secretUrls).toEqual(['postgres://a:one@localhost/pgbouncer'])
})

test('reports every mistake in one error, without a password', () => {
  const wrong = {
    metrics: { path: 'metrics', listener: 'private', interval: '5ms', url: 'ftp://x', pathe: 1 },
    capacity: { container: '', cores: 0, pgBouncerUrl: 'mysql://a:s3cret@h', core: 1 },
  } as unknown as ObservationOptions
  const message = messageOf(() => observed(wrong))
  expect(message).toMatchInlineSnapshot(`
    "OptionsError: definePerfConfig() received 9 invalid options:

      metrics.pathe: unknown option; did you mean path? Valid options: path, listener, url, interval, bearerToken, headers, tls, requestCounter
        Received: 1
        Fix:      write path: 1
      metrics.path: must be a path that starts with a slash
        Received: 'metrics'
        Fix:      write, for example, path: '/metrics'
      metrics.listener: must be 'public' or 'internal'
        Received: 'private'
        Fix:      write, for example, listener: 'internal'
      metrics.url: must be an http URL
        Received: 'ftp://x'
        Fix:      write, for example, url: 'http://127.0.0.1:9464/metrics'
      metrics.interval: must be a duration at least 100 ms: '2m', '1.5s', '500ms', or a number of milliseconds
        Received: '5ms'
        Fix:      write, for example, interval: '2m'
      capacity.core: unknown option; did you mean cores? Valid options: container, cores, pgBouncerUrl
        Received: 1
        Fix:      write cores: 1
      capacity.container: must be the name of a container
        Received: ''
        Fix:      write, for example, container: 'shop'
      capacity.cores: must be a number above 0
        Received: 0
        Fix:      write, for example, cores: 2
      capacity.pgBouncerUrl: must be the URL of pgBouncer's console, the database pgbouncer
        Received: 'mysql://a:***@h'
        Fix:      write, for example, pgBouncerUrl: 'postgres://stats@127.0.0.1:6432/pgbouncer'"
  `)
  const env = { PERF_METRICS_URL: 'nowhere', PERF_TARGET_CORES: 'two', PERF_PGBOUNCER_URL: 'pgbouncer:6432' }
  expect(messageOf(() => observed({}, env))).toMatchInlineSnapshot(`
    "OptionsError: definePerfConfig() received 3 invalid options:

      PERF_METRICS_URL: must be an http URL
        Received: 'nowhere'
        Fix:      write, for example, PERF_METRICS_URL=http://127.0.0.1:9464/metrics
      PERF_TARGET_CORES: must be a number above 0
        Received: 'two'
        Fix:      write, for example, PERF_TARGET_CORES=2
      PERF_PGBOUNCER_URL: must be the URL of pgBouncer's console, the database pgbouncer
        Received: 'pgbouncer:6432'
        Fix:      write, for example, PERF_PGBOUNCER_URL=postgres://stats@127.0.0.1:6432/pgbouncer"
  `)
})

function messageOf(read: () => unknown): string {
  try {
    read()
    return 'nothing was thrown'
  } catch (error) {
    return String(error)
  }
}

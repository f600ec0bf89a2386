import { readAbort, type AbortRule } from '../execution/abort-when.ts'
import { checkLoad } from '../load/builders.ts'
import { checkData } from '../load/data.ts'
import type { Load } from '../load/load.ts'
import { checkDuration, checkKnownKeys, checkNumber } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { checkConnection } from './connection-options.ts'
import { checkFields, checkRequest, checkSteps, checkExpectations } from './request-options.ts'
import { CODINGS, type ContentCoding } from './response-body.ts'
import type { HttpRunOptions, RecordOption, StepOption } from './types.ts'

/** Options of a run, read: durations in milliseconds, defaults filled in. */
export interface RunOptions<D> {
  readonly load: Load
  readonly name: string | undefined
  readonly steps: readonly StepOption<D>[]
  readonly data: HttpRunOptions<D>['data']
  readonly timeoutMs: number
  readonly warmupMs: number
  readonly expectStatus: HttpRunOptions<D>['expectStatus']
  readonly dropAfterMs: number
  readonly record: RecordOption<D> | undefined
  readonly headers: NonNullable<HttpRunOptions<D>['headers']>
  readonly baseUrl: string | undefined
  readonly connectTo: HttpRunOptions<D>['connectTo']
  readonly tls: HttpRunOptions<D>['tls']
  readonly abortWhen: AbortRule | undefined
  /** Share of the requests whose trace is kept, 0–1; `undefined`: no `traceparent` is sent. */
  readonly tracedRatio: number | undefined
  readonly maxBodyBytes: number
  readonly acceptEncoding: readonly ContentCoding[]
}

/** The longest time-out: what histograms tell apart. */
const MAX_TIMEOUT_MS = 600_000

const DEFAULT_MAX_BODY_BYTES = 10_485_760

const KNOWN = [
  'load',
  'request',
  'steps',
  'name',
  'data',
  'timeout',
  'warmup',
  'expectStatus',
  'dropAfter',
  'record',
  'headers',
  'baseUrl',
  'connectTo',
  'tls',
  'abortWhen',
  'traceparent',
  'maxBodyBytes',
  'acceptEncoding',
] as const satisfies readonly (keyof HttpRunOptions)[]

/** @throws {OptionsError} naming every option that cannot be used */
export function readOptions<D>(
  options: HttpRunOptions<D>,
  target: { readonly baseUrl?: string | undefined; readonly connectTo?: HttpRunOptions['connectTo'] },
): RunOptions<D> {
  const problems = new Problems()
  if (typeof options !== 'object' || options === null) {
    problems.add('options', options, 'must be an object', `http.run({ load: …, request: { path: '/' } })`)
    problems.throwIfAny('http.run()')
  }
  checkKnownKeys(problems, '', options, KNOWN)
  const load = checkLoad(problems, 'load', options.load)
  if (options.name !== undefined && (typeof options.name !== 'string' || options.name === ''))
    problems.add('name', options.name, 'must be a string', `name: 'votes'`)
  const baseUrl = options.baseUrl ?? target.baseUrl
  checkRequests(problems, options)
  checkData(problems, options.data)
  checkExpectations(problems, '', options)
  checkFields(problems, 'headers', options.headers)
  checkConnection(problems, { ...options, baseUrl })
  const timeoutMs = optional(options.timeout, 10_000, (value) =>
    checkDuration(problems, 'timeout', value, { above: 0, max: MAX_TIMEOUT_MS }),
  )
  const warmupMs = optional(options.warmup, 0, (value) => checkDuration(problems, 'warmup', value, { min: 0 }))
  const dropAfterMs = optional(options.dropAfter, Number.POSITIVE_INFINITY, (value) =>
    checkDuration(problems, 'dropAfter', value, { min: 0 }),
  )
  const record = readRecord(problems, options.record)
  const abortWhen = readAbort(problems, options.abortWhen)
  const tracedRatio = readTraceparent(problems, options.traceparent)
  const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, acceptEncoding = [] } = options
  checkNumber(problems, 'maxBodyBytes', maxBodyBytes, { min: 1, integer: true, example: 1_000_000 })
  checkCodings(problems, acceptEncoding)
  problems.throwIfAny('http.run()')
  const { request, steps, name, data, expectStatus, headers = {}, tls } = options
  return {
    load: load!,
    name,
    steps: steps ?? [{ name: 'request', request }],
    data,
    timeoutMs,
    warmupMs,
    expectStatus,
    dropAfterMs,
    record,
    headers,
    baseUrl: options.baseUrl,
    connectTo: options.connectTo ?? target.connectTo,
    tls,
    abortWhen,
    tracedRatio,
    maxBodyBytes,
    acceptEncoding,
  }
}

function optional<T>(value: T | undefined, fallback: number, read: (value: T) => number): number {
  return value === undefined ? fallback : read(value)
}

function checkRequests<D>(problems: Problems, { request, steps }: HttpRunOptions<D>): void {
  if ((request === undefined) === (steps === undefined)) {
    const rule = 'exactly one of `request` and `steps` must be given'
    problems.add('request', request ?? steps, rule, `request: { path: '/api/me' }`)
  } else if (steps === undefined) checkRequest(problems, 'request', request)
  else checkSteps(problems, steps)
}

function checkCodings(problems: Problems, codings: unknown): void {
  const isCoding = (it: unknown) => (CODINGS as readonly unknown[]).includes(it)
  if (Array.isArray(codings) && codings.every(isCoding)) return
  problems.add('acceptEncoding', codings, `must be a list of ${CODINGS.join(', ')}`, "acceptEncoding: ['gzip']")
}

const RECORD_FUNCTIONS = ['key', 'response', 'outcome', 'due'] as const

function readRecord<D>(problems: Problems, record: HttpRunOptions<D>['record']): RecordOption<D> | undefined {
  if (record === undefined || record === false) return undefined
  if (record === true) return {}
  const example = `record: { key: (request) => request.headers['idempotency-key'] }`
  if (typeof record !== 'object' || record === null) {
    problems.add('record', record, 'must be true, false or an object of functions', example)
    return undefined
  }
  checkKnownKeys(problems, 'record', record, ['key', 'payload', 'response', 'outcome', 'due'])
  const given = record as Record<string, unknown>
  for (const name of RECORD_FUNCTIONS)
    if (given[name] !== undefined && typeof given[name] !== 'function')
      problems.add(`record.${name}`, given[name], 'must be a function', example)
  const { payload } = given
  if (payload !== undefined && payload !== false && typeof payload !== 'function')
    problems.add('record.payload', payload, 'must be a function or false', 'record: { payload: false }')
  return record
}

function readTraceparent(problems: Problems, option: unknown): number | undefined {
  if (option === undefined || option === false) return undefined
  if (option === true) return 1
  if (typeof option !== 'object' || option === null) {
    problems.add('traceparent', option, 'must be true, false or an object', 'traceparent: { sampledRatio: 0.1 }')
    return undefined
  }
  checkKnownKeys(problems, 'traceparent', option, ['sampledRatio'])
  const { sampledRatio } = option as Record<string, unknown>
  return checkNumber(problems, 'traceparent.sampledRatio', sampledRatio, { min: 0, max: 1, example: 0.1 })
}

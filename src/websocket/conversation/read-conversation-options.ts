import { readAbort } from '../../execution/abort-when.ts'
import { forgetsItsReturn, FORGOTTEN_RETURN } from '../../execution/forgotten-return.ts'
import { checkLoad } from '../../load/builders.ts'
import { checkData } from '../../load/data.ts'
import type { ThinkTime } from '../../load/load.ts'
import type { TargetPlace } from '../../machine/target-location.ts'
import { checkDuration, checkKnownKeys } from '../../options/checks.ts'
import { Problems } from '../../options/problems.ts'
import { isRecord, readFunction, readName, readSocketOptions, SOCKET_OPTIONS } from '../sockets/read-socket-options.ts'
import type { ConversationOptions, ConversationPlan, Step, ConversationStep } from './conversation-options.ts'

const KNOWN = [
  'load',
  'steps',
  'name',
  'data',
  'onOpen',
  'isReady',
  'readyTimeout',
  'timeout',
  'warmup',
  'dropAfter',
  'abortWhen',
  ...SOCKET_OPTIONS,
]

/** The longest time-out: what histograms tell apart. */
const MAX_TIMEOUT_MS = 600_000

/** @throws {OptionsError} naming every option that cannot be used */
export function readConversationOptions<D>(
  options: ConversationOptions<D>,
  { target, defaultName }: { target: TargetPlace; defaultName: string },
): ConversationPlan<D> {
  const problems = new Problems()
  if (!isRecord(options)) {
    problems.add('options', options, 'must be an object', "ws.run({ path: '/ws', load: …, steps: … })")
    problems.throwIfAny('ws.run()')
  }
  checkKnownKeys(problems, '', options, KNOWN)
  const load = checkLoad(problems, 'load', options.load)
  checkData(problems, options.data)
  const { onOpen, isReady, readyTimeout = '10s', timeout = '10s', warmup = 0, dropAfter } = options
  const plan = {
    ...readSocketOptions(problems, options, target),
    name: readName(problems, options.name ?? defaultName),
    steps: readSteps(problems, options.steps),
    data: options.data,
    onOpen: readFunction(problems, 'onOpen', onOpen, "(vu) => ({ type: 'login', token: vu.data.token })"),
    isReady: readFunction(problems, 'isReady', isReady, "(message) => message.json().type === 'WELCOME'"),
    readyTimeoutMs: checkDuration(problems, 'readyTimeout', readyTimeout),
    timeoutMs: checkDuration(problems, 'timeout', timeout, { above: 0, max: MAX_TIMEOUT_MS }),
    warmupMs: checkDuration(problems, 'warmup', warmup, { min: 0 }),
    dropAfterMs:
      dropAfter === undefined ? Number.POSITIVE_INFINITY : checkDuration(problems, 'dropAfter', dropAfter, { min: 0 }),
    abortWhen: readAbort(problems, options.abortWhen),
  }
  problems.throwIfAny('ws.run()')
  return { ...plan, load: load! }
}

function readSteps<D>(problems: Problems, written: ConversationOptions<D>['steps']): readonly Step<D>[] {
  const isList = Array.isArray(written)
  const options: readonly ConversationStep<D>[] = isList ? written : [written as ConversationStep<D>]
  if (options.length === 0) problems.add('steps', options, 'must have at least one step', "steps: { send: 'ping' }")
  const steps = options.map((option, index) => {
    const path = isList ? `steps[${index}]` : 'steps'
    const defaultName = options.length === 1 ? 'step' : `step ${index + 1}`
    return readStep(problems, path, option, defaultName)
  })
  const names = new Set(steps.map(({ name }) => name))
  if (names.size < steps.length)
    problems.add('steps', [...names], 'must not have two steps of one name', "name: 'join'")
  return steps
}

function readStep<D>(problems: Problems, path: string, option: ConversationStep<D>, defaultName: string): Step<D> {
  if (!isRecord(option)) {
    const rule = 'must be a step, an object with send'
    problems.add(path, option, rule, "steps: { send: { type: 'ping' } }")
    return { name: defaultName, send: '', isResponse: undefined, check: undefined, thinkTime: { minMs: 0, maxMs: 0 } }
  }
  checkKnownKeys(problems, path, option, ['send', 'name', 'isResponse', 'check', 'thinkTime'])
  const { name = defaultName, send, isResponse, check, thinkTime } = option
  if (typeof send !== 'string' && typeof send !== 'function' && !isRecord(send)) {
    const rule = 'must be a message (a string, bytes, or an object to go as JSON), or a function that gives one'
    problems.add(`${path}.send`, send, rule, "send: ({ vu }) => ({ type: 'move', player: vu.id })")
  }
  for (const [key, decide] of Object.entries({ isResponse, check }))
    if (typeof decide === 'function' && forgetsItsReturn(decide))
      problems.add(`${path}.${key}`, decide, FORGOTTEN_RETURN, `${key}: (message) => message.json().ok === true`)
  if (typeof name !== 'string' || name === '') problems.add(`${path}.name`, name, 'must be a string', "name: 'join'")
  return {
    name,
    send,
    isResponse: readFunction(
      problems,
      `${path}.isResponse`,
      isResponse,
      '(message, { sent }) => message.json().re === sent.id',
    ),
    check: readFunction(problems, `${path}.check`, check, '(message) => message.json().ok'),
    thinkTime: readThinkTime(problems, `${path}.thinkTime`, thinkTime),
  }
}

function readThinkTime(problems: Problems, path: string, value: ConversationStep<never>['thinkTime']): ThinkTime {
  if (value === undefined) return { minMs: 0, maxMs: 0 }
  const { min, max } = typeof value === 'object' ? value : { min: value, max: value }
  const minMs = checkDuration(problems, path, min, { min: 0 })
  const maxMs = checkDuration(problems, path, max, { min: 0 })
  if (minMs > maxMs) problems.add(path, value, 'must not have min above max', "thinkTime: { min: '1s', max: '3s' }")
  return { minMs, maxMs }
}

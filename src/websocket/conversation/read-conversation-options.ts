import { checkLoad } from '../../load/builders.ts'
import { checkData } from '../../load/data.ts'
import type { ThinkTime } from '../../load/load.ts'
import { checkDuration, checkKnownKeys } from '../../options/checks.ts'
import { Problems } from '../../options/problems.ts'
import type { TargetPlace } from '../../machine/target-location.ts'
import { forgetsItsReturn, FORGOTTEN_RETURN } from '../../execution/forgotten-return.ts'
import { readAbort } from '../../execution/abort-when.ts'
import type { ConversationOptions, ConversationPlan, Exchange, ExchangeOption } from './conversation-options.ts'
import { isRecord, readFunction, readName, readSocketOptions, SOCKET_OPTIONS } from '../sockets/read-socket-options.ts'

const KNOWN = [
  'load',
  'conversation',
  'name',
  'data',
  'greet',
  'welcomed',
  'welcomeTimeout',
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
    problems.add('options', options, 'must be an object', "ws.run({ path: '/ws', load: …, conversation: … })")
    problems.throwIfAny('ws.run()')
  }
  checkKnownKeys(problems, '', options, KNOWN)
  const load = checkLoad(problems, 'load', options.load)
  checkData(problems, options.data)
  const { greet, welcomed, welcomeTimeout = '10s', timeout = '10s', warmup = 0, dropAfter } = options
  const plan = {
    ...readSocketOptions(problems, options, target),
    name: readName(problems, options.name ?? defaultName),
    exchanges: readConversation(problems, options.conversation),
    data: options.data,
    greet: readFunction(problems, 'greet', greet, "(vu) => ({ type: 'login', token: vu.data.token })"),
    welcomed: readFunction(problems, 'welcomed', welcomed, "(message) => message.json().type === 'WELCOME'"),
    welcomeTimeoutMs: checkDuration(problems, 'welcomeTimeout', welcomeTimeout),
    timeoutMs: checkDuration(problems, 'timeout', timeout, { above: 0, max: MAX_TIMEOUT_MS }),
    warmupMs: checkDuration(problems, 'warmup', warmup, { min: 0 }),
    dropAfterMs:
      dropAfter === undefined ? Number.POSITIVE_INFINITY : checkDuration(problems, 'dropAfter', dropAfter, { min: 0 }),
    abortWhen: readAbort(problems, options.abortWhen),
  }
  problems.throwIfAny('ws.run()')
  return { ...plan, load: load! }
}

function readConversation<D>(
  problems: Problems,
  conversation: ConversationOptions<D>['conversation'],
): readonly Exchange<D>[] {
  const isList = Array.isArray(conversation)
  const options: readonly ExchangeOption<D>[] = isList ? conversation : [conversation as ExchangeOption<D>]
  if (options.length === 0)
    problems.add('conversation', options, 'must have at least one exchange', "conversation: { send: 'ping' }")
  const exchanges = options.map((option, index) => {
    const path = isList ? `conversation[${index}]` : 'conversation'
    const defaultName = options.length === 1 ? 'exchange' : `exchange ${index + 1}`
    return readExchange(problems, path, option, defaultName)
  })
  const names = new Set(exchanges.map(({ name }) => name))
  if (names.size < exchanges.length)
    problems.add('conversation', [...names], 'must not have two exchanges of one name', "name: 'join'")
  return exchanges
}

function readExchange<D>(
  problems: Problems,
  path: string,
  option: ExchangeOption<D>,
  defaultName: string,
): Exchange<D> {
  if (!isRecord(option)) {
    const rule = 'must be an exchange, an object with send'
    problems.add(path, option, rule, "conversation: { send: { type: 'ping' } }")
    return { name: defaultName, send: '', answer: undefined, check: undefined, thinkTime: { minMs: 0, maxMs: 0 } }
  }
  checkKnownKeys(problems, path, option, ['send', 'name', 'answer', 'check', 'thinkTime'])
  const { name = defaultName, send, answer, check, thinkTime } = option
  if (typeof send !== 'string' && typeof send !== 'function' && !isRecord(send)) {
    const rule = 'must be a message (a text, bytes, or an object to go as JSON), or a function that gives one'
    problems.add(`${path}.send`, send, rule, "send: ({ vu }) => ({ type: 'move', player: vu.id })")
  }
  for (const [key, decide] of Object.entries({ answer, check }))
    if (typeof decide === 'function' && forgetsItsReturn(decide))
      problems.add(`${path}.${key}`, decide, FORGOTTEN_RETURN, `${key}: (message) => message.json().ok === true`)
  if (typeof name !== 'string' || name === '') problems.add(`${path}.name`, name, 'must be a text', "name: 'join'")
  return {
    name,
    send,
    answer: readFunction(problems, `${path}.answer`, answer, '(message, { sent }) => message.json().re === sent.id'),
    check: readFunction(problems, `${path}.check`, check, '(message) => message.json().ok'),
    thinkTime: readThinkTime(problems, `${path}.thinkTime`, thinkTime),
  }
}

function readThinkTime(problems: Problems, path: string, value: ExchangeOption<never>['thinkTime']): ThinkTime {
  if (value === undefined) return { minMs: 0, maxMs: 0 }
  const { min, max } = typeof value === 'object' ? value : { min: value, max: value }
  const minMs = checkDuration(problems, path, min, { min: 0 })
  const maxMs = checkDuration(problems, path, max, { min: 0 })
  if (minMs > maxMs) problems.add(path, value, 'must not have min above max', "thinkTime: { min: '1s', max: '3s' }")
  return { minMs, maxMs }
}

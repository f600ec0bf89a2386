import { ABORT_WHEN, unreachableOf } from '../../execution/abort-when.ts'
import { isMetricName, METRIC_NAME_RULE } from '../../execution/custom-metrics/metric.ts'
import { forgetsItsReturn, FORGOTTEN_RETURN } from '../../execution/forgotten-return.ts'
import { LOAD } from '../../load/builders.ts'
import { dataOption } from '../../load/data.ts'
import { maxVusOf, queueOfClosedLoad } from '../../load/describe.ts'
import { NO_THINK_TIME, THINK_TIME } from '../../load/load-options.ts'
import type { TargetLocation } from '../../machine/target-location.ts'
import { Problems } from '../../options/problems.ts'
import { choose, isRecord, map, object, optional, reading, type Reader } from '../../options/schema.ts'
import { array, duration, func, matching, text } from '../../options/values.ts'
import { isOutgoing, synchronous } from '../returned-values.ts'
import { heartbeatOnce, NAME, processesAtMost, readSocketPlan, socketFields } from '../sockets/read-socket-options.ts'
import type { ConversationOptions, ConversationPlan, ConversationStep, Step } from './conversation-options.ts'

/** The longest time-out: what histograms tell apart. */
const MAX_TIMEOUT_MS = 600_000

const SEND_EXAMPLE = "({ vu }) => ({ type: 'move', player: vu.id })"

/** A function that decides, and must return what it compares. */
function decision<F>(example: string): Reader<F> {
  return choose((value) =>
    typeof value === 'function' && forgetsItsReturn(value as () => unknown)
      ? matching<F>(() => false, FORGOTTEN_RETURN, '(message) => message.json().ok === true')
      : func<F>(example),
  )
}

function softChecks<D>(): Reader<Step<D>['softChecks']> {
  const check = decision<NonNullable<ConversationStep<D>['check']>>('(message) => message.json().ok')
  const example = "softChecks: { 'cart is complete': (message) => message.json().items.length > 0 }"
  return reading((problems, path, value) => {
    if (!isRecord(value)) {
      problems.add(path, value, 'must be an object of functions by name', example)
      return []
    }
    return Object.entries(value).map(([name, given]) => {
      if (!isMetricName(name)) problems.add(path, name, `the name of each check ${METRIC_NAME_RULE}`, example)
      return [name, check.read(problems, `${path}.${name}`, given)] as const
    })
  })
}

type ReadStep<D> = Omit<Step<D>, 'name'> & { readonly name: string | undefined }

const step = <D>(): Reader<ReadStep<D>> =>
  object<ConversationStep<D>>()(
    {
      name: optional(text("'join'")),
      send: choose<ConversationStep<D>['send']>((value) =>
        typeof value === 'function'
          ? synchronous(SEND_EXAMPLE)
          : matching(
              isOutgoing,
              'must be a message (a string, bytes, or an object to go as JSON), or a function that gives one',
              SEND_EXAMPLE,
            ),
      ),
      isResponse: optional(
        decision<NonNullable<ConversationStep<D>['isResponse']>>(
          '(message, { sent }) => message.json().re === sent.id',
        ),
      ),
      check: optional(decision<NonNullable<ConversationStep<D>['check']>>('(message) => message.json().ok')),
      softChecks: optional(softChecks<D>(), []),
      thinkTime: optional(THINK_TIME, NO_THINK_TIME),
    },
    { rule: 'must be a step, an object with send', example: "steps: { send: { type: 'ping' } }" },
  )

/** One step, or several, each with a name of its own. */
function steps<D>(): Reader<readonly Step<D>[]> {
  const several = array(step<D>(), 'must have at least one step', "{ send: 'ping' }")
  const one = map(step<D>(), (read) => [read])
  const either = choose<readonly ReadStep<D>[]>((value) => (Array.isArray(value) ? several : one))
  const numbered = map(either, (read) =>
    read.map(({ name, ...parts }, at) => ({ name: name ?? (read.length === 1 ? 'step' : `step ${at + 1}`), ...parts })),
  )
  return reading((problems, path, value) => {
    const before = problems.count
    const read = numbered.read(problems, path, value)
    if (problems.count > before) return read
    const names = new Set(read.map(({ name }) => name))
    if (names.size < read.length) problems.add(path, [...names], 'must not have two steps of one name', "name: 'join'")
    return read
  })
}

const conversation = <D>() =>
  object<ConversationOptions<D>>()(
    {
      load: LOAD,
      steps: steps<D>(),
      name: optional(NAME),
      data: optional(dataOption<D>()),
      onOpen: optional(
        synchronous<NonNullable<ConversationOptions<D>['onOpen']>>("(vu) => ({ type: 'login', token: vu.data.token })"),
      ),
      isReady: optional(
        func<NonNullable<ConversationOptions<D>['isReady']>>("(message) => message.json().type === 'WELCOME'"),
      ),
      readyTimeout: optional(duration(), 10_000),
      timeout: optional(duration({ above: 0, max: MAX_TIMEOUT_MS }), 10_000),
      warmup: optional(duration({ min: 0 }), 0),
      maxQueueTime: optional(duration({ min: 0 }), Number.POSITIVE_INFINITY),
      abortWhen: ABORT_WHEN,
      ...socketFields<D>(),
    },
    { example: "ws.run({ path: '/ws', load: …, steps: … })" },
  )
    .rule(['abortWhen', 'load'], (read) => unreachableOf(read, undefined))
    .rule(['load'], ({ load }, given) => queueOfClosedLoad(load, given))
    .rule([], (_, given) => heartbeatOnce(given))
    .rule(['processes', 'load'], ({ processes, load }) => processesAtMost(processes, maxVusOf(load)))

/** @throws {OptionsError} naming every option that cannot be used */
export function readConversationOptions<D>(
  options: ConversationOptions<D>,
  target: TargetLocation,
): Omit<ConversationPlan<D>, 'name'> & { readonly name: string | undefined } {
  const problems = new Problems()
  const read = conversation<D>().read(problems, '', options)
  if (!isRecord(options)) problems.throwIfAny('ws.run()')
  const plan = { ...read, ...readSocketPlan(problems, read, options, target) }
  problems.throwIfAny('ws.run()')
  return plan
}

import { checkData } from '../../load/data.ts'
import { scaleTime, scaleUsers, type Scale } from '../../load/scale.ts'
import type { TargetPlace } from '../../machine/target-location.ts'
import { checkDuration, checkKnownKeys, checkNumber, durationMs, type Duration } from '../../options/checks.ts'
import { Problems } from '../../options/problems.ts'
import {
  isRecord,
  readFunction,
  readName,
  readRequiredFunction,
  readSocketOptions,
  SOCKET_OPTIONS,
} from '../sockets/read-socket-options.ts'
import type { FanOutOptions, FanOutPlan, PublishOptions, PublishPlan } from './fan-out-options.ts'

/** In which the distance of a feed's clock is estimated. */
const FEED_WARMUP_MS = 2000

const KNOWN = [
  'path',
  'name',
  'connections',
  'data',
  'subscribe',
  'isSubscribed',
  'subscribeTimeout',
  'joinDelay',
  'publish',
  'identify',
  'group',
  'moves',
  'duration',
  'warmup',
  'lateAfter',
  'settle',
  'reconnect',
  ...SOCKET_OPTIONS.slice(1),
]

/** @throws {OptionsError} naming every option that cannot be used */
export function readFanOutOptions<D>(
  options: FanOutOptions<D>,
  { target, scale, defaultName }: { target: TargetPlace; scale: Scale; defaultName: string },
): FanOutPlan<D> {
  const problems = new Problems()
  if (!isRecord(options)) {
    problems.add('options', options, 'must be an object', "ws.fanOut({ path: '/ws', connections: 100, … })")
    problems.throwIfAny('ws.fanOut()')
  }
  checkKnownKeys(problems, '', options, KNOWN)
  checkData(problems, options.data)
  const { connections, subscribe, isSubscribed, identify, group, moves } = options
  const plan = {
    name: readName(problems, options.name ?? defaultName),
    clients: scaleUsers(
      checkNumber(problems, 'connections', connections, { min: 1, integer: true, example: 1000 }),
      scale,
    ),
    ...readSocketOptions(problems, options, target),
    subscribe: readFunction(problems, 'subscribe', subscribe, "() => ({ type: 'subscribe' })"),
    isSubscribed: readFunction(problems, 'isSubscribed', isSubscribed, "(message) => message.toString() === 'OK'"),
    publish: options.publish === undefined ? undefined : readPublish(problems, options.publish),
    identify: readRequiredFunction(problems, 'identify', identify, '(message) => ({ id: message.json().id })'),
    group: readFunction(problems, 'group', group, '(vu) => rooms[vu.id % rooms.length]'),
    moves: readFunction(problems, 'moves', moves, "(vu) => [{ time: '2s', join: 'room 7', send: { join: 7 } }]"),
    ...readTimes(problems, options, scale),
  }
  checkTogether(problems, options, plan)
  problems.throwIfAny('ws.fanOut()')
  const isReduced = plan.clients < connections || plan.durationMs < durationMs(options.duration)!
  return { ...plan, reducedTo: isReduced ? scale.name : undefined }
}

function readTimes(problems: Problems, options: Omit<FanOutOptions<never>, 'data'>, scale: Scale) {
  const { subscribeTimeout = '10s', joinDelay = '500ms', duration, lateAfter = '1s', settle, reconnect } = options
  const { warmup = options.publish === undefined ? FEED_WARMUP_MS : 0 } = options
  const time = (path: keyof FanOutOptions<never>, value: Duration) => checkDuration(problems, path, value)
  const lateAfterMs = time('lateAfter', lateAfter)
  const settleMs = checkDuration(problems, 'settle', settle ?? '5s', { min: 0 })
  return {
    subscribeTimeoutMs: time('subscribeTimeout', subscribeTimeout),
    joinDelayMs: checkDuration(problems, 'joinDelay', joinDelay, { min: 0 }),
    durationMs: scaleTime(time('duration', duration), scale),
    warmupMs: checkDuration(problems, 'warmup', warmup, { min: 0 }),
    lateAfterMs,
    settleMs,
    watchMs: settle === undefined ? Math.min(lateAfterMs, settleMs) : settleMs,
    reconnectAfterMs: readReconnect(problems, reconnect),
  }
}

function readPublish(problems: Problems, publish: PublishOptions): PublishPlan {
  if (!isRecord(publish)) {
    problems.add('publish', publish, 'must be an object with rate and send', 'publish: { rate: 2, send: publishIt }')
    return { ratePerSec: Number.NaN, arrivals: 'uniform', send: () => undefined }
  }
  checkKnownKeys(problems, 'publish', publish, ['rate', 'send', 'arrivals'])
  const { rate, arrivals = 'uniform', send } = publish
  if (arrivals !== 'uniform' && arrivals !== 'poisson')
    problems.add('publish.arrivals', arrivals, "must be 'uniform' or 'poisson'", "arrivals: 'poisson'")
  return {
    ratePerSec: checkNumber(problems, 'publish.rate', rate, { above: 0, example: 2 }),
    arrivals,
    send: readRequiredFunction(problems, 'publish.send', send, "({ id }) => target.internal.post('/publish', { id })"),
  }
}

function readReconnect(problems: Problems, reconnect: FanOutOptions<never>['reconnect']): number | undefined {
  if (reconnect === undefined || reconnect === false) return undefined
  return reconnect === true ? 1000 : checkDuration(problems, 'reconnect', reconnect, { min: 0 })
}

function checkTogether(
  problems: Problems,
  { settle, duration, warmup }: Pick<FanOutOptions, 'settle' | 'duration' | 'warmup'>,
  { settleMs, lateAfterMs, durationMs, warmupMs, publish }: Omit<FanOutPlan, 'reducedTo'>,
): void {
  if (settleMs < lateAfterMs) {
    const rule = `must not be shorter than lateAfter (${lateAfterMs} ms): a delivery of the last publication could not be late`
    problems.add('settle', settle, rule, "settle: '5s'")
  }
  if (publish === undefined && warmupMs < lateAfterMs) {
    const rule = `must not be shorter than lateAfter (${lateAfterMs} ms) for a feed: what it sent before all had joined could be counted`
    problems.add('warmup', warmup, rule, "warmup: '2s'")
  }
  if (publish !== undefined && durationMs * publish.ratePerSec < 1000) {
    const rule = `must hold at least one publication at ${publish.ratePerSec}/s`
    problems.add('duration', duration, rule, "duration: '60s'")
  }
}

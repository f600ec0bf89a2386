import type { Companion } from '../evidence/companion.ts'
import { ScenarioError } from '../execution/scenario-error.ts'
import { clearTimeout, setTimeout } from '../machine/clock.ts'
import { fixBy, OptionsError, Problems, type Problem } from '../options/problems.ts'
import { isRecord } from '../options/schema.ts'

const EXAMPLE = 'await parallel({ browse: http.run({ … }), buy: http.run({ … }) })'

/** A run from its call to its result, which {@link parallel} may join with others. */
export class PlannedRun {
  /** When `startAfter` of the run has passed since the others began; 0 if it begins with them. */
  startAfterMs = 0
  joint: JointRuns | undefined
  /** Whether it has begun without `parallel()`. */
  isBegun = false

  /**
   * Name of the run: its own, that of its key in `parallel()`, or a number. A key that is used again gets a number.
   *
   * @param used how often each key was used in the scenario
   */
  nameIn(used: Map<string, number>, own: string | undefined, numbered: () => string): string {
    const key = this.joint?.keyOf(this)
    if (own !== undefined || key === undefined) return own ?? numbered()
    const count = (used.get(key) ?? 0) + 1
    used.set(key, count)
    return count === 1 ? key : `${key} ${count}`
  }

  /** A signal that also aborts if a run in parallel has failed. */
  signalWith(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
    const all = [...signals, this.joint?.signal].filter((signal) => signal !== undefined)
    return all.length === 1 ? all[0]! : AbortSignal.any(all)
  }

  /**
   * Reads the options of the run. Runs in parallel report all mistakes in one error.
   *
   * @throws {OptionsError} naming every mistake
   */
  async read<T extends { readonly startAfterMs: number }>(read: () => T): Promise<T> {
    let result: { readonly options: T } | { readonly mistake: unknown }
    try {
      result = { options: read() }
    } catch (error) {
      result = { mistake: error }
    }
    // In the meantime, parallel() receives the promise of the call.
    await Promise.resolve()
    this.isBegun = true
    if ('options' in result) this.startAfterMs = result.options.startAfterMs
    await this.joint?.checked(this, 'mistake' in result ? result : undefined)
    if ('mistake' in result) throw result.mistake
    return result.options
  }

  /** Reserves connections of this process. @returns the number that the runs in parallel have reserved before */
  reserve(connections: number): number {
    const before = this.joint?.connections ?? 0
    if (this.joint !== undefined) this.joint.connections += connections
    return before
  }

  /** Waits for `startAfter`, from the start of the runs in parallel or else from the call. Returns early on an abort. */
  async delay(signal: AbortSignal): Promise<void> {
    if (this.startAfterMs === 0 || signal.aborted) return
    const aborted = Promise.withResolvers<void>()
    const onAbort = () => aborted.resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    await Promise.race([this.joint?.started, aborted.promise])
    const timer = setTimeout(onAbort, this.startAfterMs)
    await aborted.promise
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }

  /** Waits until the connections of all runs in parallel are open. */
  get ready(): (() => Promise<void>) | undefined {
    const { joint } = this
    return joint === undefined || this.startAfterMs > 0 ? undefined : () => joint.ready(this)
  }

  /** Stops the runs in parallel if a function of the scenario failed. */
  stopOthers(failed: { readonly error: unknown } | undefined): void {
    if (failed !== undefined) this.joint?.failed(this, failed.error)
  }

  /** Waits for the end of the runs in parallel. @returns what is to know about them */
  async ended(own: () => Companion): Promise<readonly Companion[]> {
    return (await this.joint?.ended(this, own())) ?? []
  }
}

const plans = new WeakMap<Promise<unknown>, PlannedRun>()

/** Begins a run that can be passed to {@link parallel}. */
export function plannedRun<Run>(begin: (plan: PlannedRun) => Promise<Run>): Promise<Run> {
  const plan = new PlannedRun()
  const promise = begin(plan).then(
    (run) => {
      plan.joint?.settled(plan)
      return run
    },
    (error: unknown) => {
      plan.joint?.failed(plan, error)
      throw error
    },
  )
  plans.set(promise, plan)
  return promise
}

/** Registers another promise of the same run. */
export function samePlan<P extends Promise<unknown>>(promise: P, of: Promise<unknown>): P {
  const plan = plans.get(of)
  if (plan !== undefined) plans.set(promise, plan)
  return promise
}

interface Member {
  readonly key: string
  isChecked: boolean
  mistake?: { readonly mistake: unknown } | undefined
  isReady: boolean
  isSettled: boolean
  end?: Companion | undefined
}

/** Runs that {@link parallel} joins. */
class JointRuns {
  /** Reason why no run may begin or continue; what `parallel()` throws. */
  failure: { readonly error: unknown } | undefined
  /** Connections that the runs have reserved. */
  connections = 0
  readonly #members = new Map<PlannedRun, Member>()
  readonly #stop = new AbortController()
  readonly #allChecked = Promise.withResolvers<void>()
  readonly #allReady = Promise.withResolvers<void>()
  readonly #allEnded = Promise.withResolvers<void>()
  readonly #mistakes: readonly Problem[]

  /** @param mistakes in the arguments of `parallel()` */
  constructor(plans: readonly (readonly [string, PlannedRun])[], mistakes: readonly Problem[]) {
    this.#mistakes = mistakes
    for (const [key, plan] of plans) {
      this.#members.set(plan, { key, isChecked: false, isReady: false, isSettled: false })
      plan.joint = this
    }
    for (const { promise } of [this.#allChecked, this.#allReady, this.#allEnded]) promise.catch(() => {})
    if (plans.length === 0) this.#update()
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Resolves when those begin that begin together. */
  get started(): Promise<void> {
    return this.#allReady.promise
  }

  keyOf(plan: PlannedRun): string {
    return this.#members.get(plan)!.key
  }

  /** @throws the joint error if a run has a mistake */
  async checked(plan: PlannedRun, mistake: Member['mistake']): Promise<void> {
    const member = this.#members.get(plan)!
    member.isChecked = true
    member.mistake = mistake
    this.#update()
    await this.#allChecked.promise
  }

  async ready(plan: PlannedRun): Promise<void> {
    this.#members.get(plan)!.isReady = true
    this.#update()
    await this.#allReady.promise
  }

  async ended(plan: PlannedRun, own: Companion): Promise<readonly Companion[]> {
    this.#members.get(plan)!.end = own
    this.#update()
    await this.#allEnded.promise
    return [...this.#members].flatMap(([other, { end }]) => (other === plan || end === undefined ? [] : end))
  }

  settled(plan: PlannedRun): void {
    this.#members.get(plan)!.isSettled = true
    this.#update()
  }

  failed(plan: PlannedRun, error: unknown): void {
    const { key } = this.#members.get(plan)!
    if (this.failure === undefined) {
      this.failure = { error }
      this.#stop.abort(new ScenarioError(`the run ${key} in parallel failed: ${firstLineOf(error)}`))
    }
    this.settled(plan)
  }

  #update(): void {
    const members = [...this.#members]
    const all = (has: (member: Member, plan: PlannedRun) => boolean) =>
      members.every(([plan, member]) => member.isSettled || has(member, plan))
    if (!all(({ isChecked }) => isChecked)) return
    this.#check()
    if (all(({ isReady }, { startAfterMs }) => isReady || startAfterMs > 0)) this.#allReady.resolve()
    if (all(({ end }) => end !== undefined)) this.#allEnded.resolve()
  }

  #check(): void {
    const problems = new Problems()
    problems.merge('', this.#mistakes)
    for (const { key, mistake } of this.#members.values()) {
      if (mistake === undefined) continue
      if (mistake.mistake instanceof OptionsError) problems.merge(key, mistake.mistake.problems)
      else this.failure ??= { error: mistake.mistake }
    }
    if (problems.count > 0) this.failure ??= { error: new OptionsError('parallel()', problems.found) }
    if (this.failure === undefined) this.#allChecked.resolve()
    else this.#allChecked.reject(this.failure.error)
  }
}

/**
 * Runs side by side in one scenario: their loads begin together when the connections of all of them are open, or, with the
 * option `startAfter` of a run, some time later. Each run has the name of its key in every report, unless it has its own
 * `name`.
 *
 * They are judged together: while one of them does not put its load on, or is aborted, the others are invalid, because
 * the target did not get the load that they were to be measured under. The health of the generator is that of the whole
 * process, with the delays of all runs. If a function of one run throws, all of them stop.
 *
 * @param runs calls of `http.run()`, `ws.run()` and `ws.fanOut()`, by name
 * @returns the runs by the same names, when the last one has ended
 * @throws {OptionsError} naming every invalid option of all runs, before anything is sent
 *
 * @example
 *   const { browse, buy } = await parallel({
 *     browse: http.run({ load: constantVus({ vus: 50, duration: '5m' }), request: { path: '/products' } }),
 *     buy: http.run({
 *       load: constantArrivalRate({ rate: 5, vus: 20, duration: '4m' }),
 *       request: { method: 'POST', path: '/orders' },
 *       startAfter: '1m',
 *     }),
 *   })
 *   expect(browse).toHaveP95Below(150)
 *   expect(buy).toHaveP95Below('2s')
 */
export async function parallel<Runs extends Readonly<Record<string, Promise<unknown>>>>(
  runs: Runs,
): Promise<{ readonly [Name in keyof Runs]: Awaited<Runs[Name]> }> {
  const { found, mistakes } = plansIn(runs)
  const joint = new JointRuns(found, mistakes)
  const names = isRecord(runs) ? Object.keys(runs) : []
  const settled = await Promise.allSettled(names.map((name): Promise<unknown> => runs[name]!))
  if (joint.failure !== undefined) throw joint.failure.error
  const rejected = settled.find((each) => each.status === 'rejected')
  if (rejected !== undefined) throw rejected.reason
  const results = settled.map((each, at) => [names[at]!, (each as PromiseFulfilledResult<unknown>).value])
  return Object.fromEntries(results) as { readonly [Name in keyof Runs]: Awaited<Runs[Name]> }
}

/** Plans of the runs, and the mistakes in the argument. */
function plansIn(runs: unknown) {
  const problems = new Problems()
  const found: (readonly [string, PlannedRun])[] = []
  const add = (path: string, received: unknown, rule: string) => problems.add(path, received, rule, EXAMPLE)
  if (!isRecord(runs) || Object.keys(runs).length === 0) add('runs', runs, 'must be an object of names and runs')
  else
    for (const [key, run] of Object.entries(runs)) {
      const plan = run instanceof Promise ? plans.get(run) : undefined
      if (plan === undefined) add(key, run, 'must be a call of http.run(), ws.run() or ws.fanOut(), not awaited')
      else if (found.some(([, other]) => other === plan)) add(key, run, 'must not be the same run as another one')
      else if (plan.joint !== undefined) add(key, run, 'must not be a run of another parallel()')
      else if (plan.isBegun) problems.addWithFix(key, run, 'must not have begun before', fixBy(EXAMPLE))
      else found.push([key, plan])
    }
  return { found, mistakes: problems.found }
}

function firstLineOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n', 1)[0]! : String(error)
}

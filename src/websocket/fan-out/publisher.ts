import { recordInPromise } from '../../execution/custom-metrics/recording-context.ts'
import { constantArrivalRate } from '../../load/builders.ts'
import { Pacer } from '../../load/pacer.ts'
import { Random } from '../../load/random.ts'
import { ArrivalSchedule } from '../../load/schedule.ts'
import { isOwn, type CommonStart } from '../../load/share.ts'
import { redactText } from '../../options/redact.ts'
import { fromPerformanceMs, nowUs, toPerformanceMs } from '../sockets/clock.ts'
import type { PlacedFanOut, PublishPlan } from './fan-out-options.ts'
import { PublicationRecording, type FanOutRecording } from './fan-out-recording.ts'
import { factsOf, publicationId, type PublicationFacts } from './publication-facts.ts'
import type { Publication, PublicationDue } from './publication.ts'

export interface PublisherEvents {
  /** Called before a publication is sent, when it is due: clients subscribed at this instant expect it. */
  due(publication: PublicationDue): Publication
  /** Called when `send` has resolved or failed. @param response value to which it resolved */
  settled(publication: Publication, response: unknown): void
}

/** Start of publishing. */
export interface PublisherStart {
  /** Salt of the ids of publications; `undefined` for random ids. */
  readonly salt: string | undefined
  /** Returns the start that all generators have in common; `undefined` if there is only one. */
  readonly startAt: (() => Promise<CommonStart>) | undefined
}

/**
 * Publisher that calls `publish.send` of the scenario on an open schedule, without waiting for earlier publications. If
 * several generators divide the run, it reports every publication when it is due and sends those of its share.
 */
export class Publisher {
  readonly #plan: Pick<PlacedFanOut, 'warmupMs' | 'durationMs' | 'share'>
  readonly #send: PublishPlan['send']
  readonly #groups: readonly string[]
  readonly #events: PublisherEvents
  readonly #recording: FanOutRecording
  readonly #schedule: ArrivalSchedule
  /** Publications of the share, if there are several generators, with the outcomes of `send`. */
  readonly #own: { readonly publication: Publication; failure: string | undefined; response: unknown }[] = []
  #failure: string | undefined
  #due = 0
  #sent = 0

  constructor(
    plan: Pick<PlacedFanOut, 'warmupMs' | 'durationMs' | 'share'>,
    { ratePerSec: rate, arrivals, send }: PublishPlan,
    groups: readonly string[],
    seed: number | string,
    events: PublisherEvents,
    recording: FanOutRecording,
  ) {
    const { warmupMs, durationMs } = plan
    this.#plan = plan
    this.#send = send
    this.#groups = groups
    this.#events = events
    this.#recording = recording
    const load = constantArrivalRate({ rate, vus: 1, duration: warmupMs + durationMs, arrivals })
    this.#schedule = new ArrivalSchedule(load, new Random(seed))
  }

  /** Publications of the share sent so far, warm-up included. */
  get sent(): number {
    return this.#sent
  }

  /** Error of the first failed publication. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** What only this generator knows of its publications. @param startUs start of publishing */
  facts(startUs: number): readonly PublicationFacts[] {
    return this.#own.map(({ publication, failure, response }) => factsOf(publication, startUs, failure, response))
  }

  /**
   * Publishes until the planned time is over or the signal fires.
   *
   * @param onStart called at the start, with its instant on the clock of `nowUs()` and the bound of its error
   */
  async run(
    signal: AbortSignal,
    { salt, startAt }: PublisherStart,
    onStart: (startUs: number, errorMs: number) => void,
  ): Promise<void> {
    const { warmupMs, durationMs } = this.#plan
    const pacer = new Pacer()
    try {
      await pacer.start()
      const aborted = new Promise<undefined>((resolve) => {
        signal.addEventListener('abort', () => resolve(undefined), { once: true })
        if (signal.aborted) resolve(undefined)
      })
      const common = await (startAt === undefined ? undefined : Promise.race([startAt(), aborted]))
      if (signal.aborted) return
      const startUs = common === undefined ? nowUs() : fromPerformanceMs(common.atMs)
      const startMs = toPerformanceMs(startUs)
      if (common === undefined) onStart(startUs, 0)
      else pacer.at(startMs, () => onStart(startUs, common.errorMs))
      await new Promise<void>((resolve) => {
        void aborted.then(resolve)
        pacer.at(startMs + warmupMs + durationMs, () => resolve())
        const awaitNext = (): void => {
          const dueMs = this.#schedule.next()
          if (dueMs === undefined) return
          pacer.at(startMs + dueMs, () => {
            this.#publish(salt, startUs, dueMs)
            awaitNext()
          })
        }
        awaitNext()
      })
    } finally {
      await pacer.close()
    }
  }

  #publish(salt: string | undefined, startUs: number, dueMs: number): void {
    const { warmupMs, share } = this.#plan
    const index = this.#due++
    const [id, sequence] = [publicationId(salt, index), index + 1]
    const group = this.#groups[index % this.#groups.length]
    const second = dueMs < warmupMs ? undefined : Math.floor((dueMs - warmupMs) / 1000)
    const isRemote = share.count === 1 ? undefined : !isOwn(share, index)
    const publication = this.#events.due({ id, sequence, group, intendedUs: startUs + dueMs * 1000, second, isRemote })
    if (isRemote === true) return
    this.#sent++
    const outcome = { publication, failure: undefined as string | undefined, response: undefined as unknown }
    if (isRemote !== undefined) this.#own.push(outcome)
    const recording = new PublicationRecording(this.#recording, publication.intendedUs)
    const failed = (error: unknown) => {
      recording.isSettled = true
      publication.isFailed = true
      publication.failedUs = nowUs()
      outcome.failure = redactText(String(error))
      this.#failure ??= outcome.failure
      this.#events.settled(publication, undefined)
    }
    const responded = (response: unknown) => {
      recording.isSettled = true
      const refused = refusal(response)
      if (refused !== undefined) return failed(refused)
      publication.respondedUs = nowUs()
      outcome.response = response
      this.#events.settled(publication, response)
    }
    publication.sentUs = nowUs()
    try {
      const sending = Promise.resolve(recordInPromise(recording, () => this.#send({ id, sequence, index, group })))
      sending.then(responded, failed)
    } catch (error) {
      failed(error)
    }
  }
}

/** Describes the failure if `send` resolved to a `Response` that is not ok. */
function refusal(response: unknown): string | undefined {
  if (typeof response !== 'object' || response === null || !('ok' in response) || response.ok !== false)
    return undefined
  return 'status' in response && typeof response.status === 'number' ? `the response was ${response.status}` : undefined
}

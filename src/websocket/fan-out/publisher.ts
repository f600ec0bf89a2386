import { randomUUID } from 'node:crypto'
import { constantArrivalRate } from '../../load/builders.ts'
import { Pacer } from '../../load/pacer.ts'
import { Random } from '../../load/random.ts'
import { ArrivalSchedule } from '../../load/schedule.ts'
import { redactText } from '../../options/redact.ts'
import { nowUs, toPerformanceMs } from '../sockets/clock.ts'
import type { FanOutPlan, PublishPlan } from './fan-out-options.ts'
import type { Publication, PublicationDue } from './publication.ts'

export interface PublisherEvents {
  /** Called before a publication is sent, when it is due: clients subscribed at this instant expect it. */
  due(publication: PublicationDue): Publication
  /** Called when `send` has resolved or failed. @param response value to which it resolved */
  settled(publication: Publication, response: unknown): void
}

/** Publisher that calls `publish.send` of the scenario on an open schedule, without waiting for earlier publications. */
export class Publisher {
  readonly #plan: Pick<FanOutPlan, 'warmupMs' | 'durationMs'>
  readonly #send: PublishPlan['send']
  readonly #groups: readonly string[]
  readonly #events: PublisherEvents
  readonly #schedule: ArrivalSchedule
  #failure: string | undefined
  #sent = 0

  constructor(
    plan: Pick<FanOutPlan, 'warmupMs' | 'durationMs'>,
    { ratePerSec: rate, arrivals, send }: PublishPlan,
    groups: readonly string[],
    seed: number | string,
    events: PublisherEvents,
  ) {
    const { warmupMs, durationMs } = plan
    this.#plan = plan
    this.#send = send
    this.#groups = groups
    this.#events = events
    const load = constantArrivalRate({ rate, vus: 1, duration: warmupMs + durationMs, arrivals })
    this.#schedule = new ArrivalSchedule(load, new Random(seed))
  }

  /** Publications sent so far, warm-up included. */
  get sent(): number {
    return this.#sent
  }

  /** Error of the first failed publication. */
  get failure(): string | undefined {
    return this.#failure
  }

  /**
   * Publishes until the planned time is over or the signal fires.
   *
   * @param onStart called with the instant of the start, on the clock of `nowUs()`
   */
  async run(signal: AbortSignal, onStart: (startUs: number) => void): Promise<void> {
    const { warmupMs, durationMs } = this.#plan
    const pacer = new Pacer()
    try {
      await pacer.start()
      const startUs = nowUs()
      onStart(startUs)
      const startMs = toPerformanceMs(startUs)
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true })
        if (signal.aborted) return resolve()
        pacer.at(startMs + warmupMs + durationMs, () => resolve())
        const awaitNext = (): void => {
          const dueMs = this.#schedule.next()
          if (dueMs === undefined) return
          pacer.at(startMs + dueMs, () => {
            this.#publish(startUs, dueMs)
            awaitNext()
          })
        }
        awaitNext()
      })
    } finally {
      await pacer.close()
    }
  }

  #publish(startUs: number, dueMs: number): void {
    const { warmupMs } = this.#plan
    const index = this.#sent++
    const [id, sequence] = [randomUUID(), index + 1]
    const group = this.#groups[index % this.#groups.length]
    const second = dueMs < warmupMs ? undefined : Math.floor((dueMs - warmupMs) / 1000)
    const publication = this.#events.due({ id, sequence, group, intendedUs: startUs + dueMs * 1000, second })
    const failed = (error: unknown) => {
      publication.isFailed = true
      this.#failure ??= redactText(String(error))
      this.#events.settled(publication, undefined)
    }
    const responded = (response: unknown) => {
      const refused = refusal(response)
      if (refused !== undefined) return failed(refused)
      publication.respondedUs = nowUs()
      this.#events.settled(publication, response)
    }
    publication.sentUs = nowUs()
    try {
      const sending = Promise.resolve(this.#send({ id, sequence, index, group }))
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

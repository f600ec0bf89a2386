import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { constantArrivalRate } from '../load/builders.ts'
import { Random } from '../load/random.ts'
import { ArrivalSchedule } from '../load/schedule.ts'
import { redactText } from '../options/redact.ts'
import { nowUs } from './clock.ts'
import type { FanOutPlan } from './fan-out-options.ts'
import type { Publication } from './publication.ts'

export interface PublisherEvents {
  /** A publication is due and about to be sent: whoever is subscribed now expects it. */
  due(publication: {
    id: string
    sequence: number
    group: string | undefined
    intendedUs: number
    second: number | undefined
  }): Publication
}

/** Has the scenario publish at the instants of an open schedule, never waiting for the publication before. */
export class Publisher {
  readonly #plan: FanOutPlan
  readonly #groups: readonly string[]
  readonly #events: PublisherEvents
  readonly #schedule: ArrivalSchedule
  #failure: string | undefined
  #sent = 0

  constructor(plan: FanOutPlan, groups: readonly string[], seed: number | string, events: PublisherEvents) {
    const { publishRatePerSec: rate, arrivals, warmupMs, durationMs } = plan
    this.#plan = plan
    this.#groups = groups
    this.#events = events
    const load = constantArrivalRate({ rate, vus: 1, duration: warmupMs + durationMs, arrivals })
    this.#schedule = new ArrivalSchedule(load, new Random(seed))
  }

  /** Publications sent so far, warm-up included. */
  get sent(): number {
    return this.#sent
  }

  /** Why the first of those that failed did. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Resolves after the last publication was sent, or when the signal stops it. */
  async run(startUs: number, signal: AbortSignal): Promise<void> {
    for (let dueMs = this.#schedule.next(); dueMs !== undefined; dueMs = this.#schedule.next()) {
      await until(startUs + dueMs * 1000, signal)
      if (signal.aborted) return
      this.#publish(startUs, dueMs)
    }
    await until(startUs + (this.#plan.warmupMs + this.#plan.durationMs) * 1000, signal)
  }

  #publish(startUs: number, dueMs: number): void {
    const { warmupMs, send } = this.#plan
    const index = this.#sent++
    const [id, sequence] = [randomUUID(), index + 1]
    const group = this.#groups[index % this.#groups.length]
    const second = dueMs < warmupMs ? undefined : Math.floor((dueMs - warmupMs) / 1000)
    const publication = this.#events.due({ id, sequence, group, intendedUs: startUs + dueMs * 1000, second })
    const failed = (error: unknown) => {
      publication.isFailed = true
      this.#failure ??= redactText(String(error))
    }
    publication.sentUs = nowUs()
    try {
      const sending = Promise.resolve(send({ id, sequence, index, group }))
      sending.then(() => (publication.answeredUs = nowUs()), failed)
    } catch (error) {
      failed(error)
    }
  }
}

/** Resolves at an instant of `nowUs()`, never before it, or when the signal fires. */
async function until(atUs: number, signal: AbortSignal): Promise<void> {
  for (let left = atUs - nowUs(); left > 0 && !signal.aborted; left = atUs - nowUs())
    await delay(Math.ceil(left / 1000), undefined, { signal }).catch(() => undefined)
}

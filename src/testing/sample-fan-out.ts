import { DEFAULT_LIMITS } from '../execution/generator-limits.ts'
import { isOwn, WHOLE, type Share } from '../load/share.ts'
import { ClientStates } from '../websocket/fan-out/client-states.ts'
import { DeliveryTracker } from '../websocket/fan-out/delivery-tracker.ts'
import { measurementOf, type FanOutMeasurement } from '../websocket/fan-out/fan-out-measurement.ts'
import type { FanOutParts } from '../websocket/fan-out/fan-out-parts.ts'
import { openDeliveries } from '../websocket/fan-out/open-deliveries.ts'
import type { Publication } from '../websocket/fan-out/publication.ts'
import { HEALTHY } from './sample-measurement.ts'

/** Fan-outs without sockets, for tests of their accounts. */

export type Happening =
  | { readonly kind: 'published'; readonly atMs: number; readonly group: number; readonly isFailed: boolean }
  /** `nth`: which of the publications, modulo their number. */
  | { readonly kind: 'received'; readonly client: number; readonly nth: number; readonly lagMs: number }
  | { readonly kind: 'unknown id'; readonly client: number; readonly atMs: number }
  | { readonly kind: 'unidentified'; readonly client: number; readonly atMs: number }
  | { readonly kind: 'away'; readonly client: number; readonly atMs: number; readonly backMs: number | undefined }

export interface SampleFanOut {
  readonly happenings: readonly Happening[]
  /** Clients that were never subscribed. */
  readonly failing: readonly number[]
  readonly hasGroups: boolean
}

const CLIENTS = 30
const WARMUP_MS = 500
const DURATION_MS = 5500

/** Measurement of the generator that has a share of the sockets. Every generator accounts for all publications. */
export function sampleMeasurement(sample: SampleFanOut, share: Share = WHOLE): FanOutMeasurement {
  const account = new Account(sample, share)
  account.play()
  return measurementOf(account.parts())
}

class Account {
  readonly #sample: SampleFanOut
  readonly #share: Share
  readonly #ledger = new DeliveryTracker({ clients: CLIENTS, lateThresholdMs: 1000, underWayMs: 100 })
  readonly #states: ClientStates
  readonly #publications: Publication[] = []
  #unidentified = 0

  constructor(sample: SampleFanOut, share: Share) {
    this.#sample = sample
    this.#share = share
    const own = Array.from({ length: CLIENTS }, (_, client) => client).filter((client) => isOwn(share, client))
    this.#states = new ClientStates(CLIENTS, own.length)
    for (const client of own) this.#open(client)
  }

  /** Applies everything that concerns the share, in order of time. */
  play(): void {
    const { happenings } = this.#sample
    const due = happenings
      .flatMap((each) => (each.kind === 'published' ? each : []))
      .toSorted((a, b) => a.atMs - b.atMs)
    const publishing = due.map((each, index) => ({ atMs: each.atMs, run: () => this.#publish(index, each) }))
    const steps = happenings.flatMap((each) => this.#stepsOf(each, due))
    for (const { run } of [...publishing, ...steps].toSorted((a, b) => a.atMs - b.atMs)) run()
  }

  parts(): FanOutParts {
    const parts = {
      plan: {
        ...{ name: 'updates', clients: CLIENTS, share: this.#share, warmupMs: WARMUP_MS, durationMs: DURATION_MS },
        ...{ lateThresholdMs: 1000, drainDurationMs: 2000, subscribeTimeoutMs: 1000, layout: { processes: 1 } },
        publish: { ratePerSec: 2, arrivals: 'uniform' },
        isSubscribed: () => true,
      },
      ledger: this.#ledger,
      sockets: this.#states,
      diagnosis: undefined,
      ...{ startUs: 0, publishedMs: WARMUP_MS + DURATION_MS, openingMs: 10, openingHealth: HEALTHY },
      identifier: {
        unidentified: this.#unidentified,
        sample: this.#unidentified === 0 ? undefined : 'text: "?"',
        others: undefined,
        heartbeat: undefined,
      },
      moves: { made: 0, unacknowledged: 0 },
      ...{ movesAfterEnd: 0, open: openDeliveries(this.#ledger.publications, []), lostDeliveries: 0 },
      sendFailure: this.#publications.some(({ isFailed }) => isFailed) ? 'the response was 500' : undefined,
      ...{ metrics: [], connectionNotes: [], lostProcesses: [], generator: HEALTHY, limits: DEFAULT_LIMITS },
    }
    return parts as unknown as FanOutParts
  }

  #open(client: number): void {
    this.#states.connecting(client, 0)
    if (this.#sample.failing.includes(client)) {
      this.#states.failed(client, `status ${500 + (client % 2)}`)
      return
    }
    this.#states.opened(client, 1000 + client * 37, Number.POSITIVE_INFINITY)
    this.#states.subscribed(client)
    this.#ledger.join(client, this.#ledger.group(this.#groupOf(client)))
  }

  #groupOf(n: number): string | undefined {
    return this.#sample.hasGroups ? `room ${n % 3}` : undefined
  }

  #publish(index: number, { atMs, group, isFailed }: Extract<Happening, { kind: 'published' }>): void {
    const publication = this.#ledger.publish({
      id: `p${index}`,
      sequence: index + 1,
      group: this.#groupOf(group),
      intendedUs: atMs * 1000,
      second: atMs < WARMUP_MS ? undefined : Math.floor((atMs - WARMUP_MS) / 1000),
      ...(this.#share.count === 1 ? {} : { isRemote: !isOwn(this.#share, index) }),
    })
    publication.isUnknown = false
    publication.isFailed = isFailed
    publication.sentUs = atMs * 1000
    publication.respondedUs = atMs * 1000 + 700_000
    this.#publications.push(publication)
  }

  #stepsOf(happening: Happening, due: readonly { readonly atMs: number }[]): { atMs: number; run: () => void }[] {
    if (happening.kind === 'published' || !isOwn(this.#share, happening.client)) return []
    const { client } = happening
    if (this.#sample.failing.includes(client)) return []
    if (happening.kind === 'received') {
      if (due.length === 0) return []
      const nth = happening.nth % due.length
      const atMs = due[nth]!.atMs + happening.lagMs
      return [{ atMs, run: () => this.#ledger.receive(client, this.#publications[nth]!, undefined, atMs * 1000) }]
    }
    const { atMs } = happening
    if (happening.kind === 'unidentified') return [{ atMs, run: () => this.#unidentified++ }]
    if (happening.kind === 'unknown id') return [{ atMs, run: () => this.#ledger.receiveUnknown(client, 'x') }]
    const { backMs } = happening
    return [
      { atMs, run: () => this.#ledger.lost(client, atMs * 1000) },
      ...(backMs === undefined || backMs < atMs
        ? []
        : [{ atMs: backMs, run: () => this.#ledger.back(client, backMs * 1000) }]),
    ]
  }
}

import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import { recordIn } from '../../execution/custom-metrics/recording-context.ts'
import type { GeneratorLimits } from '../../execution/generator-limits.ts'
import { GeneratorMonitor } from '../../execution/generator-monitor.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import type { AssignedRows } from '../../load/rows/assigned-rows.ts'
import { isOwn, type Division } from '../../load/share.ts'
import type { Vu } from '../../load/vu.ts'
import { clearInterval, nextTurn, setInterval, sleep } from '../../machine/clock.ts'
import { redactText } from '../../options/redact.ts'
import type { RunSnapshot } from '../../results/snapshot.ts'
import { recorded } from '../connection-recording.ts'
import { Message } from '../message.ts'
import { checkedMessages } from '../returned-values.ts'
import { nowUs } from '../sockets/clock.ts'
import { createPool } from '../sockets/create-pool.ts'
import { diagnoseHandshakes } from '../sockets/failure-remedies.ts'
import { worstHealth } from '../sockets/generator-processes.ts'
import type { SocketPool } from '../sockets/socket-pool.ts'
import type { ClientEvents } from './clients-plan.ts'
import { Clients } from './clients.ts'
import { DeliveryTracker } from './delivery-tracker.ts'
import { describeFanOut } from './describe-fan-out.ts'
import { failedJoins } from './failed-joins.ts'
import { limitsFor } from './fan-out-limits.ts'
import { measurementOf, phasesOf, type FanOutMeasurement } from './fan-out-measurement.ts'
import type { PlacedFanOut } from './fan-out-options.ts'
import { FanOutRecording } from './fan-out-recording.ts'
import { snapshotOf } from './fan-out-snapshot.ts'
import { Feed } from './feed.ts'
import { Identifier } from './identifier.ts'
import { Membership } from './membership.ts'
import { openDeliveries } from './open-deliveries.ts'
import { exchangeFacts, exchangeOpening, type PublicationFacts } from './publication-facts.ts'
import type { Publication, PublicationDue } from './publication.ts'
import { Publisher, type PublisherEvents } from './publisher.ts'
import { sightingOf, TargetIds, type Sighting } from './target-ids.ts'

/** Time without a message after which a run that has received everything ends. */
const QUIET_MS = 500
const CLOSE_WITHIN_MS = 2000
/** Length of the reason for which the target rejected a move. */
const REJECTION_LENGTH = 200
const SNAPSHOT_EVERY_MS = 1000

export interface FanOutContext {
  readonly seed: number | string
  readonly limits: GeneratorLimits
  /** Share of this generator in a run that publishes; `undefined` if it carries the whole run. */
  readonly division?: Division | undefined
  readonly signal: AbortSignal
  /** Resolves when the load may begin. @default at once */
  readonly ready?: (() => Promise<void>) | undefined
  readonly onSnapshot?: ((snapshot: RunSnapshot) => void) | undefined
}

/** One fan-out, from the first handshake to the last closed socket. */
export class FanOut<D> implements ClientEvents, PublisherEvents {
  readonly #plan: PlacedFanOut<D>
  readonly #context: FanOutContext
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #membership: Membership<D>
  readonly #clients: Clients<D>
  /** VUs by id; `undefined` for those of other generators. */
  readonly #vus: readonly (Vu<D> | undefined)[]
  readonly #recording: FanOutRecording
  readonly #identifier: Identifier<Sighting>
  readonly #source: TargetIds | Feed
  readonly #ledger: DeliveryTracker
  readonly #publisher: Publisher | undefined
  readonly #watch = new GeneratorMonitor(() => this.#pool.openCount)
  #pool!: SocketPool
  #openingMs = 0
  #openingHealth: GeneratorHealth | undefined
  #startUs = 0
  #startErrorMs = 0
  #endUs = 0
  #remoteFailure: string | undefined
  #lastMessageUs = 0
  /** The client whose message is being identified. */
  #heardBy = 0
  #isOver = false
  #brokenBy: { error: unknown } | undefined

  /** @throws errors of `group` and `moves` */
  constructor(plan: PlacedFanOut<D>, rows: AssignedRows<D>, context: FanOutContext) {
    const { clients, lateThresholdMs } = plan
    this.#plan = plan
    this.#context = context
    this.#signal = AbortSignal.any([context.signal, this.#stop.signal])
    const vus: Vu<D>[] = Array.from({ length: clients }, (_, id) => {
      return { id, data: rows.at(id), vars: {} }
    })
    this.#vus = vus.map((vu) => (isOwn(plan.share, vu.id) ? vu : undefined))
    this.#ledger = new DeliveryTracker({ clients, lateThresholdMs, underWayMs: plan.joinDelayMs })
    this.#membership = new Membership({
      plan,
      vus,
      share: plan.share,
      ledger: this.#ledger,
      isSubscribed: (client) => this.#clients.states.isSubscribed(client),
      wasSubscribed: (client) => this.#clients.states.wasSubscribed(client),
      send: (client, message) => this.#clients.send(client, message),
      describe: (client, message) => {
        this.#heardBy = client
        return this.#identifier.describe(message.packet, message.isBinary)
      },
      mask: (client, text) => this.#clients.masked(client, text, REJECTION_LENGTH),
    })
    const { hasGroups, names } = this.#membership
    this.#recording = new FanOutRecording(phasesOf(plan), (error) => this.broken(error))
    this.#publisher = plan.publish && new Publisher(plan, plan.publish, names, context.seed, this, this.#recording)
    this.#source = plan.publish ? new TargetIds(this.#ledger) : new Feed(this.#ledger, { hasGroups, lateThresholdMs })
    const mask = (text: string, length: number) => this.#clients.masked(this.#heardBy, text, length)
    this.#identifier = new Identifier(plan.identify, sightingOf, this.#recording.messages, mask)
    this.#clients = this.#createClients()
  }

  #createClients(): Clients<D> {
    const { subscribe, isSubscribed, handshake } = this.#plan
    const clientsPlan = {
      ...this.#plan,
      vuOf: (client: number) => this.#vus[client]!,
      ...recorded<D>(this.#recording.connections, {
        handshake,
        subscribe: subscribe && ((vu) => checkedMessages('subscribe', subscribe(vu, this.#membership.of(vu.id)))),
        isSubscribed:
          isSubscribed && ((message, vu) => this.#membership.acknowledges(isSubscribed(message, vu), vu.id)),
      }),
      acknowledgedBy: 'isSubscribed' as const,
    }
    return new Clients<D>(clientsPlan, this, (events) => (this.#pool = createPool(this.#plan, events)))
  }

  /**
   * Applies the load. Does not reject because of the target.
   *
   * @returns the measurement, and the error of a function of the scenario if one ended the run
   */
  async run(): Promise<{
    measurement: FanOutMeasurement
    scenarioError: { readonly error: unknown } | undefined
  }> {
    const snapshots = setInterval(() => this.#show(), SNAPSHOT_EVERY_MS)
    let publishedMs = 0
    try {
      this.#watch.start()
      const openedFromUs = nowUs()
      await this.#clients.open(this.#signal)
      this.#openingMs = (nowUs() - openedFromUs) / 1000
      this.#openingHealth = this.#watch.health()
      const { division, ready } = this.#context
      if (ready !== undefined) await this.#unlessAborted(ready())
      const opening = await this.#unlessAborted(exchangeOpening(division, this.#clients.states.everSubscribedCount))
      if (opening?.isAnySubscribed && !this.#signal.aborted) {
        const start = { salt: opening.salt, startAt: division && (() => division.startAt()) }
        this.#watch.start()
        this.#pool.watch()
        if (this.#publisher === undefined) await this.#follow()
        else await this.#publisher.run(this.#signal, start, (...common) => this.#started(...common))
      }
      publishedMs = this.#elapsedMs()
      this.#watch.stop()
      this.#pool.unwatch()
      await this.#settle()
    } finally {
      this.#isOver = true
      this.#recording.isOver = true
      // Closing the sockets may take seconds, in which nothing is received any more.
      this.#endUs = nowUs()
      this.#watch.stop()
      clearInterval(snapshots)
      this.#membership.moves.stop()
      this.#clients.stop()
      await this.#pool.close(this.#signal.aborted ? 0 : CLOSE_WITHIN_MS)
    }
    await this.#completeAccount()
    return { measurement: this.#account(publishedMs, await this.#diagnosis()), scenarioError: this.#brokenBy }
  }

  subscribed(client: number, isAgain: boolean): void {
    if (!isAgain) return this.#membership.subscribed(client)
    this.#ledger.back(client, nowUs(), this.#membership.of(client))
    this.#membership.moves.resubscribed(client)
  }

  lost(client: number): void {
    this.#ledger.lost(client, nowUs(), this.#membership.of(client))
  }

  reopened(client: number): void {
    this.#membership.opened(client)
    this.#ledger.reopened(client)
  }

  due(publication: PublicationDue): Publication {
    if (publication.isRemote !== true) this.#watch.recordScheduleDelay((nowUs() - publication.intendedUs) / 1000)
    return this.#ledger.publish(publication)
  }

  settled(publication: Publication, response: unknown): void {
    if (this.#source instanceof TargetIds) this.#source.settled(publication, response)
  }

  early(client: number, data: Buffer, isBinary: boolean, atUs: number, framed?: Message): void {
    if (this.#startUs === 0) return
    this.#recording.messages.receivedUs = atUs
    // Only replays of known publications, or of ones that become known, count. Other content may belong to the protocol.
    for (const sighting of this.#identifier.peek(data, isBinary, framed))
      if (this.#source.receiveEarly(client, sighting, atUs)) this.#lastMessageUs = atUs
  }

  message(client: number, data: Buffer, isBinary: boolean, atUs: number, framed?: Message): void {
    try {
      const { moves } = this.#membership
      const isMoving = moves.isMoving(client)
      if (isMoving && this.#acknowledges(client, framed ?? new Message(data, isBinary)))
        return this.early(client, data, isBinary, atUs, framed)
      this.#heardBy = client
      this.#recording.messages.receivedUs = atUs
      const found = this.#identifier.identify(data, isBinary, framed)
      if (found.length === 0) {
        if (isMoving) moves.heardOther(client, framed ?? new Message(data, isBinary))
        return
      }
      this.#lastMessageUs = atUs
      for (const sighting of found) this.#source.receive(client, sighting, atUs)
    } catch (error) {
      this.broken(error)
    }
  }

  broken(error: unknown): void {
    this.#brokenBy ??= { error }
    this.#stop.abort(`the scenario failed: ${firstLineOf(error)}`)
  }

  #acknowledges(client: number, message: Message): boolean {
    return recordIn(this.#recording.connections, () => this.#membership.moves.heard(client, message))
  }

  #started(startUs: number, errorMs = 0): void {
    this.#startUs = startUs
    this.#recording.startUs = startUs
    this.#startErrorMs = errorMs
    this.#membership.moves.start(startUs)
  }

  #unlessAborted<T>(promise: Promise<T>): Promise<T | undefined> {
    const aborted = new Promise<undefined>((resolve) => {
      this.#signal.addEventListener('abort', () => resolve(undefined), { once: true })
      if (this.#signal.aborted) resolve(undefined)
    })
    return Promise.race([promise, aborted])
  }

  /** Counts publications that a feed makes by itself. */
  async #follow(): Promise<void> {
    const { warmupMs, durationMs } = this.#plan
    this.#started(nowUs())
    const countFromUs = this.#startUs + warmupMs * 1000
    if (this.#source instanceof Feed) this.#source.count(countFromUs, countFromUs + durationMs * 1000)
    await sleep(warmupMs + durationMs, undefined, { signal: this.#signal }).catch(() => undefined)
  }

  async #settle(): Promise<void> {
    const fromUs = nowUs()
    const { watchMs, drainDurationMs: settleMs, reconnectAfterMs } = this.#plan
    const mayComeBack = reconnectAfterMs !== undefined
    // A feed goes on publishing: that is not counted, and must not keep the run from being quiet.
    const isFeed = this.#publisher === undefined
    while (!this.#signal.aborted) {
      const atUs = nowUs()
      if (this.#clients.states.subscribedCount === 0 && !mayComeBack) return
      if (!this.#membership.moves.isAnyPending) {
        const isQuiet = atUs - (isFeed ? fromUs : this.#lastMessageUs) > QUIET_MS * 1000
        const isOwed = isFeed ? this.#ledger.owesCounted : this.#ledger.owed > 0
        const isAwaited = isOwed || !isQuiet || (mayComeBack && this.#ledger.awayCount > 0)
        if (atUs >= fromUs + (isAwaited ? settleMs : watchMs) * 1000) return
      }
      await sleep(50, undefined, { signal: this.#signal }).catch(() => undefined)
      // If the process is late, messages that arrived in time are read only now.
      await nextTurn()
    }
  }

  /** Adds what only other generators know of the publications that they sent. */
  async #completeAccount(): Promise<void> {
    const { division } = this.#context
    if (division === undefined || this.#publisher === undefined) return
    if (this.#startUs > 0 && !this.#signal.aborted) {
      const facts = await exchangeFacts(division, this.#publisher.facts(this.#startUs))
      if (facts.some(({ givenId }) => givenId !== undefined))
        this.#brokenBy ??= { error: assignedIds(this.#plan.name, division.share.count) }
      this.#learn(facts.toSorted((a, b) => a.sequence - b.sequence))
    }
    this.#ledger.decide()
  }

  #learn(all: readonly PublicationFacts[]): void {
    const errorUs = this.#startErrorMs * 1000
    const learned = all.flatMap((facts) => {
      const publication = this.#ledger.publications[facts.sequence - 1]
      return publication?.isRemote === true ? [{ publication, facts }] : []
    })
    for (const { publication, facts } of learned) {
      // The clocks may differ: what cannot have been in flight was not, in any case.
      publication.sentUs = this.#startUs + facts.sentUs - errorUs
      if (facts.respondedUs !== undefined) publication.respondedUs = this.#startUs + facts.respondedUs + errorUs
      publication.isFailed = facts.failure !== undefined
      if (facts.failedUs !== undefined) publication.failedUs = this.#startUs + facts.failedUs + errorUs
      this.#remoteFailure ??= facts.failure
      publication.isUnknown = false
    }
    for (const { publication, facts } of learned) this.settled(publication, facts.givenId)
  }

  /** The fix if no socket was subscribed and the cause can be found. */
  async #diagnosis(): Promise<string | undefined> {
    const { everSubscribedCount, failures } = this.#clients.states
    if (everSubscribedCount > 0 || this.#signal.aborted) return undefined
    return diagnoseHandshakes(this.#plan.urls[0]!, failures.keys())
  }

  #account(publishedMs: number, diagnosis: string | undefined): FanOutMeasurement {
    const abortReason = this.#signal.aborted ? firstLineOf(this.#signal.reason) : undefined
    const feed = this.#source.close()
    const { moves } = this.#membership
    if (abortReason === undefined) moves.close()
    if (abortReason !== undefined) this.#ledger.cutOff(this.#endUs, this.#plan.drainDurationMs)
    const measurement = measurementOf({
      plan: this.#plan,
      metrics: this.#recording.metrics.series,
      ledger: this.#ledger,
      sockets: this.#clients.states,
      diagnosis,
      startUs: this.#startUs === 0 ? nowUs() : this.#startUs,
      publishedMs,
      endUs: this.#endUs,
      openingMs: this.#openingMs,
      openingHealth: this.#openingHealth,
      abortReason,
      heartbeats: this.#clients.heartbeats,
      connectionNotes: this.#clients.notes,
      identifier: this.#identifier,
      moves,
      movesAfterEnd: this.#membership.movesAfterEnd,
      open: openDeliveries(this.#ledger.publications, moves.openSpans),
      failedJoins: failedJoins(this.#ledger.publications, moves.joins),
      feed,
      lostDeliveries: this.#source instanceof TargetIds ? this.#source.overflowed : 0,
      ambiguous: this.#source instanceof TargetIds ? this.#source.ambiguous : undefined,
      foreignLabels: this.#source instanceof TargetIds ? this.#source.foreignLabels : undefined,
      sendFailure: this.#publisher?.failure ?? this.#remoteFailure,
      generator: worstHealth(this.#watch.health(), this.#pool.health),
      lostProcesses: this.#pool.lost,
      limits: limitsFor(this.#plan.lateThresholdMs, this.#context.limits),
    })
    this.#show()
    return measurement
  }

  #show(): void {
    const { onSnapshot } = this.#context
    onSnapshot?.(
      snapshotOf({
        plan: this.#plan,
        load: describeFanOut(this.#plan),
        elapsedMs: this.#elapsedMs(),
        isOver: this.#isOver,
        subscribed: this.#clients.states.subscribedCount,
        failures: this.#clients.states.failures,
        sent: this.#publisher?.sent ?? this.#ledger.publications.length,
        expected: this.#ledger.expected,
        received: this.#ledger.received,
        windows: this.#ledger.windows,
        health: this.#watch.health(),
        limits: limitsFor(this.#plan.lateThresholdMs, this.#context.limits),
      }),
    )
  }

  #elapsedMs(): number {
    const { warmupMs, durationMs } = this.#plan
    return this.#startUs === 0 ? 0 : Math.min(warmupMs + durationMs, (nowUs() - this.#startUs) / 1000)
  }
}

function firstLineOf(reason: unknown): string {
  return redactText(reason instanceof Error ? reason.message.split('\n', 1)[0]! : String(reason))
}

/** On a busy machine, some deliveries with ids that the target assigns would count as unexpected. */
function assignedIds(name: string, generators: number): ScenarioError {
  return new ScenarioError(
    `${name}: publish.send returned ids that the target assigns, which ${generators} generators cannot match yet\n` +
      'Fix: make the target pass on the id of the publication, or use one generator',
  )
}

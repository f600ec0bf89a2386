import type { HeartbeatCounts } from '../../evidence/fan-out-counts.ts'
import { decision } from '../../execution/checked-function.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { ownIds, positionOf } from '../../load/share.ts'
import { clearInterval, setInterval, sleep } from '../../machine/clock.ts'
import { durationMs } from '../../options/checks.ts'
import { shortened } from '../../options/shortened.ts'
import { showValue } from '../../options/show-value.ts'
import { heartbeatNotes } from '../../runs/heartbeat-notes.ts'
import { formatCount, formatMs } from '../../stats/units.ts'
import { FramedConnections, type FramedEvents } from '../conversation/framed-connections.ts'
import type { FramingHeartbeat } from '../framing.ts'
import { Message, type Outgoing } from '../message.ts'
import { ApplicationHeartbeats, type Beat } from '../sockets/application-heartbeats.ts'
import { nowUs } from '../sockets/clock.ts'
import { maskHandshake } from '../sockets/handshake-secrets.ts'
import { Handshakes } from '../sockets/handshakes.ts'
import type { HandshakeRequest, PendingHandshake } from '../sockets/socket-options.ts'
import type { PoolEvents, SocketPool } from '../sockets/socket-pool.ts'
import { ClientStates } from './client-states.ts'
import type { ClientEvents, ClientsPlan } from './clients-plan.ts'
import { DoubtfulAcknowledgements } from './doubtful-acknowledgements.ts'
import { OpenRequests } from './open-requests.ts'

const DEADLINE_SWEEP_MS = 100
/** Length of the description of a closed or failed connection; the reason in a close frame has at most 123 bytes. */
const DESCRIPTION_LENGTH = 200

/** Clients of a run: opens and subscribes them, and again after a lost connection if the plan has `reconnectAfterMs`. */
export class Clients<D> implements PoolEvents {
  readonly #plan: ClientsPlan<D>
  readonly #events: ClientEvents
  readonly #pool: SocketPool
  readonly #handshakes: Handshakes
  readonly #framed: FramedConnections
  readonly #openRequests = new OpenRequests()
  readonly #heartbeats: ApplicationHeartbeats
  readonly #heartbeat: Beat | undefined
  readonly #own: readonly number[]
  /** The latest handshake of each client. */
  readonly #requests: (HandshakeRequest | undefined)[]
  /** Clients whose handshake waits for functions of the scenario. */
  readonly #unresolved = new Map<number, { readonly awaited: ReadonlySet<string>; readonly deadlineUs: number }>()
  /** Kinds of failure by the functions that did not resolve: the first client of each is named, so that kinds are few. */
  readonly #unresolvedKinds = new Map<string, string>()
  readonly #exempt: ReadonlySet<string>
  readonly states: ClientStates
  #sweep: NodeJS.Timeout | undefined
  #opened = 0
  #uncompressed = 0
  /** Messages for which `isSubscribed` returned nothing. */
  #undecided = 0
  #decided = 0
  readonly #doubtful = new DoubtfulAcknowledgements()
  #isStopped = false

  constructor(plan: ClientsPlan<D>, events: ClientEvents, createPool: (events: PoolEvents) => SocketPool) {
    this.#plan = plan
    this.#events = events
    this.#own = ownIds(plan.share, plan.clients)
    this.#requests = Array.from({ length: plan.clients })
    this.#exempt = new Set(Object.values(plan.framing?.query ?? {}))
    this.states = new ClientStates(plan.clients, this.#own.length)
    this.#pool = createPool(this)
    this.#heartbeats = new ApplicationHeartbeats(plan.clients, (client, beat) => this.#beat(client, beat))
    this.#heartbeat = beatOf(plan)
    this.#framed = new FramedConnections(plan.framing, plan.vuOf, this.#framedEvents())
    this.#handshakes = new Handshakes({
      ratePerSec: plan.connectRatePerSec,
      // The target has one listen queue for the handshakes of all generators.
      maxInFlight: Math.ceil(plan.maxHandshakes / plan.share.count),
      start: (client, dueUs) => this.#connect(client, dueUs),
    })
  }

  /** Opens and subscribes all clients. Resolves when each is subscribed or has failed, or the signal fires. */
  async open(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#sweep = setInterval(() => {
      this.#giveUpOverdue()
      this.#giveUpUnresolved()
    }, DEADLINE_SWEEP_MS)
    this.#handshakes.openAll(this.#own)
    await Promise.race([this.states.allSettled, aborted])
    const { isSubscribed, joinDelayMs } = this.#plan
    if (isSubscribed === undefined && joinDelayMs > 0 && this.states.subscribedCount > 0)
      await sleep(joinDelayMs, undefined, { signal }).catch(() => undefined)
  }

  /** Opens a new connection of a client that has none. */
  reopen(client: number): void {
    this.#handshakes.reopen(client, 0)
  }

  /** Terminates the connection of a client without an event. */
  drop(client: number): void {
    this.states.dropped(client)
    this.#ended(client)
    this.#pool.drop(client)
  }

  /** Sends a message; does nothing if the client is not connected. A message that cannot be encoded ends the run. */
  send(client: number, message: Outgoing): void {
    try {
      this.#pool.send(client, this.#framed.framesOf(client, message))
    } catch (error) {
      this.#events.broken(error)
    }
  }

  /** Heartbeats sent, and those without a response; `undefined` if no client has a heartbeat. */
  get heartbeats(): HeartbeatCounts | undefined {
    return this.#heartbeats.counts
  }

  /** Notes about the connections for reports. */
  get notes(): readonly string[] {
    const notes = [...heartbeatNotes(this.#heartbeats.counts), ...this.#doubtful.notes(this.#plan.acknowledgedBy)]
    if (this.#plan.perMessageDeflate && this.#uncompressed > 0)
      notes.push(
        `the target declined permessage-deflate on ${formatCount(this.#uncompressed)} of ${formatCount(this.#opened)} connections`,
      )
    return notes
  }

  /** A text of the target, shortened, without secrets and values of the client's handshake. */
  masked(client: number, text: string, length: number): string {
    const request = this.#requests[client]
    return shortened(request === undefined ? text : maskHandshake(text, request, this.#exempt), length)
  }

  /** Stops handshakes, heartbeats and events. */
  stop(): void {
    this.#isStopped = true
    this.#handshakes.stop()
    this.#heartbeats.close()
    clearInterval(this.#sweep)
    this.#guard(() => this.#framed.closeAll())
  }

  #connect(client: number, dueUs: number): void {
    this.states.connecting(client, dueUs)
    this.#guard(() => {
      const { layout, urls, vuOf, share } = this.#plan
      // Each instance gets connections from every source, so that no source runs out of ports to one of them.
      const localAddress = layout.sources[Math.floor(positionOf(share, client) / urls.length) % layout.sources.length]
      const connect = (request: HandshakeRequest) => {
        this.#requests[client] = request
        this.#pool.connect(client, { ...request, localAddress })
      }
      const request = this.#plan.handshake(vuOf(client), client % urls.length)
      if ('awaited' in request) this.#connectLater(client, request, connect)
      else connect(request)
    })
  }

  /**
   * A rejected promise, as of a token, is a failed handshake, and so is one that does not settle in time; a value of the wrong
   * type ends the run.
   */
  #connectLater(client: number, pending: PendingHandshake, connect: (request: HandshakeRequest) => void): void {
    const deadlineUs = nowUs() + this.#plan.handshakeTimeoutMs * 1000
    this.#unresolved.set(client, { awaited: pending.awaited, deadlineUs })
    pending.request.then(
      (found) => {
        if (!this.#unresolved.delete(client) || this.#isStopped) return undefined
        return connect(found)
      },
      (error: unknown) => {
        if (!this.#unresolved.delete(client)) return
        if (error instanceof ScenarioError) this.#events.broken(error)
        else this.failed(client, `no handshake data: ${shortened(String(error), 80)}`)
      },
    )
  }

  opened(client: number, atUs: number, isCompressed: boolean): void {
    if (this.#isStopped) return
    this.#opened++
    if (!isCompressed) this.#uncompressed++
    this.states.opened(client, atUs, atUs + this.#plan.subscribeTimeoutMs * 1000)
    if (this.states.wasSubscribed(client)) this.#events.reopened?.(client)
    const { framing } = this.#plan
    this.#guard(() => {
      if (framing === undefined) return this.#subscribe(client)
      this.states.framing(client)
      this.#framed.open(client)
    })
    this.#handshakes.finished()
  }

  #subscribe(client: number): void {
    this.states.subscribing(client)
    if (this.#heartbeat !== undefined) this.#heartbeats.start(client, this.#heartbeat)
    const messages = this.#plan.subscribe?.(this.#plan.vuOf(client))
    if (messages !== undefined) {
      if (this.#plan.framing !== undefined) this.#openRequests.sent(client, messages)
      this.#pool.send(
        client,
        messages.flatMap((message) => this.#framed.framesOf(client, message)),
      )
    }
    if (this.#plan.isSubscribed === undefined) this.#nowSubscribed(client)
  }

  #framedEvents(): FramedEvents {
    return {
      // A framing may also call these from its own timers, where only this catches an error.
      send: (client, frames) =>
        this.#guard(() => {
          for (const frame of frames) this.#framed.checkedFrame('socket.send()', frame)
          this.#pool.send(client, frames)
        }),
      ready: (client, heartbeat) =>
        this.#guard(() => {
          if (!this.states.isFraming(client)) return
          this.#subscribe(client)
          if (heartbeat !== undefined) this.#heartbeats.start(client, framesBeat(heartbeat))
        }),
      heartbeatResponded: (client) => this.#heartbeats.responded(client),
      failed: (client, why) => this.#terminate(client, why),
    }
  }

  /** Closes a connection that the protocol, or the target by its response, has made unusable. */
  #terminate(client: number, why: string): void {
    this.#pool.drop(client)
    this.closed(client, why)
  }

  /** Called when the connection of a client has closed. */
  #ended(client: number): void {
    this.#heartbeats.stop(client)
    this.#openRequests.closed(client)
    this.#guard(() => this.#framed.close(client))
  }

  #beat(client: number, { message, isFrame }: Beat): void {
    this.#guard(() => {
      if (isFrame) this.#pool.send(client, [this.#framed.checkedFrame('heartbeat.message', message(client))])
      else this.send(client, message(client))
    })
  }

  failed(client: number, kind: string): void {
    if (this.#isStopped) return
    this.#giveUp(client, this.masked(client, kind, DESCRIPTION_LENGTH))
    this.#handshakes.finished()
  }

  message(client: number, data: Buffer, isBinary: boolean, atUs: number): void {
    if (this.#isStopped) return
    const connection = this.#framed.of(client)
    if (connection === undefined) return this.#take(client, data, isBinary, atUs)
    this.#guard(() =>
      this.#framed.receive(client, connection, new Message(data, isBinary), (message) =>
        this.#take(client, message.packet, message.isBinary, atUs, message),
      ),
    )
  }

  #take(client: number, data: Buffer, isBinary: boolean, atUs: number, framed?: Message): void {
    try {
      this.#takeUnguarded(client, data, isBinary, atUs, framed)
    } catch (error) {
      this.#events.broken(error)
    }
  }

  /** @throws errors of functions of the scenario */
  #takeUnguarded(client: number, data: Buffer, isBinary: boolean, atUs: number, framed: Message | undefined): void {
    if (this.#heartbeats.isAwaitingResponse(client) && this.#isHeartbeatResponse(client, data, isBinary, framed)) return
    const rejection = framed && this.#openRequests.rejectionIn(client, framed)
    if (rejection !== undefined) return this.#terminate(client, rejection)
    if (!this.states.isSubscribing(client)) return this.#events.message(client, data, isBinary, atUs, framed)
    this.#events.early?.(client, data, isBinary, atUs, framed)
    const { isSubscribed, vuOf } = this.#plan
    if (isSubscribed === undefined) return
    const isAcknowledged = isSubscribed(framed ?? new Message(data, isBinary), vuOf(client))
    if (isAcknowledged === undefined) this.#undecided++
    else this.#decided++
    if (isAcknowledged !== true) return
    this.#doubtful.accepted(data, isBinary, (text) => this.masked(client, text, DESCRIPTION_LENGTH))
    this.#nowSubscribed(client)
  }

  #isHeartbeatResponse(client: number, data: Buffer, isBinary: boolean, framed: Message | undefined): boolean {
    const { heartbeat } = this.#plan
    if (heartbeat?.response === undefined) return false
    if (!decision('heartbeat.response', heartbeat.response(framed ?? new Message(data, isBinary)))) return false
    this.#heartbeats.responded(client)
    return true
  }

  closed(client: number, given: string): void {
    if (this.#isStopped) return
    const why = this.masked(client, given, DESCRIPTION_LENGTH)
    this.#ended(client)
    if (this.states.isPreparing(client)) return this.#giveUp(client, `${why}, before it was ready`)
    if (!this.states.isSubscribed(client)) return
    this.states.closed(client, why)
    this.#events.lost?.(client, why)
    this.#reconnect(client)
  }

  #nowSubscribed(client: number): void {
    this.#events.subscribed(client, this.states.subscribed(client))
  }

  #giveUp(client: number, kind: string): void {
    const wasSubscribed = this.states.failed(client, kind)
    this.#events.failed?.(client, kind)
    if (wasSubscribed) this.#reconnect(client)
  }

  #reconnect(client: number): void {
    if (this.#plan.reconnectAfterMs !== undefined) this.#handshakes.reopen(client, this.#plan.reconnectAfterMs)
  }

  #giveUpOverdue(): void {
    for (const client of this.states.overdue(nowUs())) {
      const isFraming = this.states.isFraming(client)
      this.#ended(client)
      this.#pool.drop(client)
      this.#giveUp(client, isFraming ? `${this.#plan.framing!.name} not set up` : this.#unacknowledged)
    }
  }

  get #unacknowledged(): string {
    const returnsNothing = this.#undecided > 0 && this.#decided === 0
    return `not acknowledged${returnsNothing ? `: ${this.#plan.acknowledgedBy} always returned undefined` : ''}`
  }

  #giveUpUnresolved(): void {
    const atUs = nowUs()
    for (const [client, { awaited, deadlineUs }] of this.#unresolved) {
      if (deadlineUs > atUs) continue
      this.#unresolved.delete(client)
      const names = [...awaited].join(' and ')
      const within = formatMs(this.#plan.handshakeTimeoutMs)
      const kind = this.#unresolvedKinds.get(names) ?? `${names} did not resolve within ${within} for VU ${client}`
      this.#unresolvedKinds.set(names, kind)
      this.failed(client, kind)
    }
  }

  #guard(callScenario: () => void): void {
    try {
      callScenario()
    } catch (error) {
      this.#events.broken(error)
    }
  }
}

/** Returns the heartbeat of the scenario or, without one, of the framing. */
function beatOf<D>({ heartbeat, framing, vuOf }: ClientsPlan<D>): Beat | undefined {
  if (heartbeat === undefined) return framing?.heartbeat && framesBeat(framing.heartbeat)
  const { everyMs, message, response } = heartbeat
  return { everyMs, message: (client) => message(vuOf(client)), isFrame: false, hasResponse: response !== undefined }
}

function framesBeat({ every, message, hasResponse = false }: FramingHeartbeat): Beat {
  const everyMs = durationMs(every)
  if (everyMs === undefined || everyMs <= 0)
    throw new ScenarioError(
      `heartbeat.every of a framing must be a duration above 0, it is ${showValue(every)}\nFix: write, for example, every: '25s'`,
    )
  return {
    everyMs,
    message: typeof message === 'function' ? message : () => message,
    isFrame: true,
    hasResponse,
  }
}

import { Histogram } from '../../stats/histogram.ts'

// connecting ──> framing ──> subscribing ──> subscribed ──> lost ──> connecting …
//     │            │              │
//     └────────────┴──────────────┴──> failed, or lost if the client was subscribed before
const CONNECTING = 1
/** Open, but the protocol on top of WebSocket is not set up yet. */
const FRAMING = 2
const SUBSCRIBING = 3
const SUBSCRIBED = 4
const LOST = 5
const FAILED = 6

/** State of each client, and counts of states. Typed arrays, as there may be 50,000 clients. */
export class ClientStates {
  readonly #state: Uint8Array
  readonly #wasSubscribed: Uint8Array
  /** Whether the first attempt of a client has succeeded or failed. */
  readonly #isSettled: Uint8Array
  readonly #dueUs: Float64Array
  readonly #deadlineUs: Float64Array
  /** Kind of the latest failure, by client. */
  readonly #failures = new Map<number, string>()
  readonly #failedAgain = new Map<string, number>()
  readonly #closings = new Map<number, string>()
  readonly #allSettled = Promise.withResolvers<void>()
  #unsettled: number
  #subscribed = 0
  #everSubscribed = 0
  #reconnected = 0
  #closed = 0
  /** Times from the instant at which a first handshake was due to its response. */
  readonly connectTime = new Histogram()

  /**
   * @param clients client numbers go from 0 to `clients - 1`
   * @param own number of them that this generator has
   */
  constructor(clients: number, own = clients) {
    this.#unsettled = own
    if (own === 0) this.#allSettled.resolve()
    this.#state = new Uint8Array(clients)
    this.#wasSubscribed = new Uint8Array(clients)
    this.#isSettled = new Uint8Array(clients)
    this.#dueUs = new Float64Array(clients)
    this.#deadlineUs = new Float64Array(clients)
  }

  /** Clients subscribed now. */
  get subscribedCount(): number {
    return this.#subscribed
  }

  /** Clients subscribed at least once. */
  get everSubscribedCount(): number {
    return this.#everSubscribed
  }

  get reconnectedCount(): number {
    return this.#reconnected
  }

  get closedCount(): number {
    return this.#closed
  }

  /** Clients that were never subscribed, by kind of failure. */
  get failures(): ReadonlyMap<string, number> {
    return this.failuresOf(() => true)
  }

  /** Those of the given clients that were never subscribed, by kind of failure. */
  failuresOf(isGiven: (client: number) => boolean): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const [client, kind] of this.#failures) if (isGiven(client)) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    return counts
  }

  /** Failed connections of clients that had lost one, by kind of failure. */
  get failedAgain(): ReadonlyMap<string, number> {
    return this.#failedAgain
  }

  /** Reasons why the target closed sockets, by client. */
  get closings(): ReadonlyMap<number, string> {
    return this.#closings
  }

  /** Resolves when each client has been subscribed or has failed. */
  get allSettled(): Promise<void> {
    return this.#allSettled.promise
  }

  isFraming(client: number): boolean {
    return this.#state[client] === FRAMING
  }

  isSubscribing(client: number): boolean {
    return this.#state[client] === SUBSCRIBING
  }

  isSubscribed(client: number): boolean {
    return this.#state[client] === SUBSCRIBED
  }

  /** Whether the client is or was subscribed. */
  wasSubscribed(client: number): boolean {
    return this.#wasSubscribed[client] === 1
  }

  /** Whether the connection is open and the client not subscribed yet. */
  isPreparing(client: number): boolean {
    return this.isFraming(client) || this.isSubscribing(client)
  }

  connecting(client: number, dueUs: number): void {
    this.#state[client] = CONNECTING
    this.#dueUs[client] = dueUs
  }

  /** @param readyByUs instant by which the client has to be subscribed */
  opened(client: number, atUs: number, readyByUs: number): void {
    // Later handshakes of the client follow a lost connection, and are not part of opening the load.
    if (this.#wasSubscribed[client] === 0) this.connectTime.record(atUs - this.#dueUs[client]!)
    this.#deadlineUs[client] = readyByUs
  }

  framing(client: number): void {
    this.#state[client] = FRAMING
  }

  subscribing(client: number): void {
    this.#state[client] = SUBSCRIBING
  }

  /** @returns whether the client was subscribed before, on another connection */
  subscribed(client: number): boolean {
    const isAgain = this.#wasSubscribed[client] === 1
    this.#state[client] = SUBSCRIBED
    this.#wasSubscribed[client] = 1
    this.#subscribed++
    this.#failures.delete(client)
    if (isAgain) this.#reconnected++
    else this.#everSubscribed++
    this.#settle(client)
    return isAgain
  }

  /** Called when the target has closed the connection of a subscribed client. */
  closed(client: number, why: string): void {
    this.#subscribed--
    this.#closed++
    this.#closings.set(client, why)
    this.#state[client] = LOST
  }

  /** Called when this side has terminated the connection. */
  dropped(client: number): void {
    if (this.isSubscribed(client)) this.#subscribed--
    this.#state[client] = LOST
  }

  /**
   * Called when a connection could not be opened, or closed before the client was subscribed.
   *
   * @returns whether the client was subscribed before
   */
  failed(client: number, kind: string): boolean {
    const wasSubscribed = this.#wasSubscribed[client] === 1
    this.#state[client] = wasSubscribed ? LOST : FAILED
    if (!wasSubscribed) this.#failures.set(client, kind)
    else this.#failedAgain.set(kind, (this.#failedAgain.get(kind) ?? 0) + 1)
    this.#settle(client)
    return wasSubscribed
  }

  /** Yields connected clients that are not subscribed by their deadline. */
  *overdue(nowUs: number): Generator<number> {
    for (let client = 0; client < this.#state.length; client++)
      if (this.isPreparing(client) && this.#deadlineUs[client]! <= nowUs) yield client
  }

  #settle(client: number): void {
    if (this.#isSettled[client] === 1) return
    this.#isSettled[client] = 1
    if (--this.#unsettled === 0) this.#allSettled.resolve()
  }
}

import { Histogram } from '../../stats/histogram.ts'

const CONNECTING = 1
/** Open, but the protocol on top of it is not set up yet. */
const FRAMING = 2
const SUBSCRIBING = 3
const SUBSCRIBED = 4
const LOST = 5
const FAILED = 6

/** Where each client stands, and how many came how far. Arrays of bytes and numbers: there may be 50,000 clients. */
export class ClientStates {
  readonly #state: Uint8Array
  readonly #wasSubscribed: Uint8Array
  /** Whose first attempt has come to an end, one way or the other. */
  readonly #isSettled: Uint8Array
  readonly #dueUs: Float64Array
  readonly #deadlineUs: Float64Array
  readonly #failures = new Map<string, number>()
  readonly #failedAgain = new Map<string, number>()
  readonly #closings = new Map<number, string>()
  readonly #allSettled = Promise.withResolvers<void>()
  #unsettled: number
  #subscribed = 0
  #everSubscribed = 0
  #reconnected = 0
  #closed = 0
  /** From the instant a first handshake was due to its response. */
  readonly connectTime = new Histogram()

  constructor(clients: number) {
    this.#unsettled = clients
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

  /** Clients that never came to be subscribed, by kind. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures
  }

  /** New connections of clients that had lost one, which came to nothing, by kind. */
  get failedAgain(): ReadonlyMap<string, number> {
    return this.#failedAgain
  }

  /** What became of the sockets that the other side closed, by client. */
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

  /** Subscribed now or at some time before. */
  wasSubscribed(client: number): boolean {
    return this.#wasSubscribed[client] === 1
  }

  /** Open, and not subscribed yet. */
  isPreparing(client: number): boolean {
    return this.isFraming(client) || this.isSubscribing(client)
  }

  connecting(client: number, dueUs: number): void {
    this.#state[client] = CONNECTING
    this.#dueUs[client] = dueUs
  }

  /** @param readyByUs by when the client has to be subscribed */
  opened(client: number, atUs: number, readyByUs: number): void {
    // The others of this client come after a loss, one by one, and say nothing about how the load came up.
    if (this.#wasSubscribed[client] === 0) this.connectTime.record(atUs - this.#dueUs[client]!)
    this.#deadlineUs[client] = readyByUs
  }

  framing(client: number): void {
    this.#state[client] = FRAMING
  }

  subscribing(client: number): void {
    this.#state[client] = SUBSCRIBING
  }

  /** @returns whether it had been subscribed before, on another connection */
  subscribed(client: number): boolean {
    const isAgain = this.#wasSubscribed[client] === 1
    this.#state[client] = SUBSCRIBED
    this.#wasSubscribed[client] = 1
    this.#subscribed++
    if (isAgain) this.#reconnected++
    else this.#everSubscribed++
    this.#settle(client)
    return isAgain
  }

  /** The other side has closed the connection of a subscribed client. */
  closed(client: number, why: string): void {
    this.#subscribed--
    this.#closed++
    this.#closings.set(client, why)
    this.#state[client] = LOST
  }

  /** The connection was cut from this side. */
  dropped(client: number): void {
    if (this.isSubscribed(client)) this.#subscribed--
    this.#state[client] = LOST
  }

  /**
   * A connection came to nothing, or was gone before the client was subscribed.
   *
   * @returns whether the client had been subscribed before
   */
  failed(client: number, kind: string): boolean {
    const wasSubscribed = this.#wasSubscribed[client] === 1
    this.#state[client] = wasSubscribed ? LOST : FAILED
    if (!wasSubscribed && this.#isSettled[client] === 0) this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1)
    if (wasSubscribed) this.#failedAgain.set(kind, (this.#failedAgain.get(kind) ?? 0) + 1)
    this.#settle(client)
    return wasSubscribed
  }

  /** Open clients that should have been subscribed by now. */
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

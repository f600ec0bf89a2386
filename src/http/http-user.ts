import { VirtualUserBase } from '../execution/virtual-user-base.ts'
import type { RunningExecution } from '../execution/workload.ts'
import type { Random } from '../load/random.ts'
import type { AssignedRows } from '../load/rows/assigned-rows.ts'
import { maskKnown } from '../options/known-secrets.ts'
import { remember } from '../options/registered-values.ts'
import type { CurrentToken } from './auth/tokens.ts'
import type { VuCookies } from './cookies.ts'
import { Exchange, type ExchangeContext, type ExchangeOwner } from './exchange.ts'
import type { BodyError } from './response-body.ts'
import type { ConnectionScope } from './types.ts'

/** What all VUs of one run share. */
export interface VuContext<D> extends ExchangeContext<D> {
  readonly timeoutMs: number
  readonly rows: AssignedRows<D>
  readonly connections: ConnectionScope
  /** Creates the cookies of a VU; `undefined` for a run without cookies. */
  readonly createCookies: (() => VuCookies) | undefined
  readonly execution: RunningExecution<HttpUser<D>>
}

/** Identity of one VU. */
export interface VuIdentity {
  readonly id: number
  /** Index of the target's instance. */
  readonly instance: number
}

/** A VU that sends requests over HTTP: one request after another over one connection. */
export abstract class HttpUser<D> extends VirtualUserBase<D> implements ExchangeOwner<D> {
  readonly exchange: Exchange<D>
  readonly cookies: VuCookies | undefined
  /** Token of the VU; `undefined` for a run without tokens that are refreshed. */
  token: CurrentToken | undefined
  /** Instant before which a response asked the VU to send nothing (`performance.now()`). */
  protected waitsUntilMs = 0
  readonly #isNewVisitor: boolean

  /** @param keepsResponses whether the VU reads every response */
  constructor(identity: VuIdentity, fork: () => Random, all: VuContext<D>, keepsResponses: boolean) {
    super(identity.id, all.rows, fork, all.execution)
    this.#isNewVisitor = all.connections === 'per-iteration'
    this.cookies = all.createCookies?.()
    this.exchange = new Exchange(all, this, identity.instance, keepsResponses)
  }

  /** A text with the VU's cookies and its token masked. */
  masked(text: string): string {
    const clean = this.cookies?.masked(text) ?? text
    return this.token === undefined ? clean : maskKnown(clean, [this.token.value])
  }

  /** Registers the VU's cookies and its token as secrets, before an error that may contain them is reported. */
  registerSecrets(): void {
    this.cookies?.register()
    if (this.token !== undefined) remember(this.token.value)
  }

  override begin(intendedMs: number, iterationInTest: number): void {
    this.cookies?.beginIteration()
    super.begin(intendedMs, iterationInTest)
  }

  protected override end(endMs: number, doneMs?: number): void {
    if (this.#isNewVisitor) this.closeIdle()
    super.end(endMs, doneMs)
  }

  /** Closes the connections of the VU. */
  protected closeIdle(): void {
    this.exchange.closeIdle()
  }

  waitUntil(ms: number): void {
    if (ms > this.waitsUntilMs) this.waitsUntilMs = ms
  }

  get failedAttempts(): number {
    return this.exchange.failedAttempts
  }

  get settleMs(): number {
    return this.exchange.settleMs
  }

  /** Requests without a response, including those whose body is being read. */
  abstract readonly inFlight: number

  abstract succeeded(...ended: Parameters<ExchangeOwner<D>['succeeded']>): void
  abstract failed(...ended: Parameters<ExchangeOwner<D>['failed']>): void
  unreadable(_error: BodyError, _exchange: Exchange<D>): void {}

  /** Called when no more requests may be sent. */
  stop(): void {}

  /** Called when its connections have been closed, with requests in flight or not. */
  closed(): void {}
}

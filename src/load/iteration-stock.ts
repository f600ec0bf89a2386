import { Fifo } from './fifo.ts'
import type { SharedIterations } from './load.ts'
import { shareOf, type Claim, type Share } from './share.ts'

/** Ratio of the unclaimed iterations that all generators together claim at once: blocks become smaller towards the end. */
const CLAIMED_RATIO = 0.25

/** Numbers of iterations: `next`, `next + step`, … */
interface Block {
  next: number
  readonly step: number
  left: number
}

interface StockEvents {
  /** Called when claimed iterations have arrived, or it is known that none are left. */
  onGranted(): void
  onFailed(error: unknown): void
}

/**
 * Iterations of a `sharedIterations` load that this generator may begin. With one generator, all of them. Several generators
 * begin with the first iteration of each of their VUs, and claim the rest in blocks that become smaller as fewer are left
 * (guided self-scheduling: Polychronopoulos & Kuck, IEEE Transactions on Computers C-36, 1987). So every iteration belongs
 * to exactly one generator, whichever is fast, and no claim is awaited before the start.
 */
export class IterationStock {
  readonly #share: Share
  readonly #claim: Claim | undefined
  readonly #events: StockEvents
  /** Iterations that are distributed in advance: the first numbers. */
  readonly #inAdvance: number
  /** Iterations that are claimed and not distributed in advance. */
  readonly #shared: number
  /** Number from which on more are claimed. */
  readonly #lowWater: number
  #stock: number
  /** Numbers of the iterations in stock, in the order in which they are taken. */
  readonly #blocks = new Fifo<Block>()
  #block: Block
  /** Unclaimed iterations when this generator last claimed some. */
  #unclaimed: number
  #claiming: Promise<Block> | undefined
  #isClosed = false

  /** @throws {Error} if several generators have no `claim` */
  constructor(
    { iterations, vus }: SharedIterations,
    { share, claim }: { readonly share: Share; readonly claim: Claim | undefined },
    events: StockEvents,
  ) {
    const isAlone = share.count === 1
    const inAdvance = isAlone ? iterations : Math.min(vus, iterations)
    const ownVus = shareOf(share, vus)
    if (!isAlone && claim === undefined)
      throw new Error('sharedIterations: several generators need a way to claim iterations')
    this.#share = share
    this.#claim = claim
    this.#events = events
    this.#inAdvance = inAdvance
    this.#stock = shareOf(share, inAdvance)
    this.#block = { next: share.index, step: share.count, left: this.#stock }
    this.#shared = iterations - inAdvance
    this.#unclaimed = ownVus === 0 ? 0 : this.#shared
    this.#lowWater = Math.floor(ownVus / 2)
  }

  /** Whether no iteration is left, here or unclaimed. */
  get isExhausted(): boolean {
    return this.#stock === 0 && this.#unclaimed === 0 && this.#claiming === undefined
  }

  /**
   * Takes one iteration, and claims more in time.
   *
   * @param waiting number of other VUs that wait for one
   * @returns its number among the iterations of all generators, from 0; `undefined` if none is here
   */
  take(waiting: number): number | undefined {
    const number = this.#takeNumber()
    if (this.#unclaimed > 0 && this.#stock <= this.#lowWater) this.#claimMore(waiting + (number === undefined ? 1 : 0))
    return number
  }

  #takeNumber(): number | undefined {
    if (this.#stock === 0) return undefined
    this.#stock--
    while (this.#block.left === 0) this.#block = this.#blocks.shift()!
    const { next, step } = this.#block
    this.#block.next += step
    this.#block.left--
    return next
  }

  /** Takes all iterations that are here. */
  takeAll(): number {
    const all = this.#stock
    this.#stock = 0
    return all
  }

  /** Discards what is here and unclaimed. */
  discard(): void {
    this.#isClosed = true
    this.#stock = 0
    this.#unclaimed = 0
  }

  /**
   * Claims all that are left at the end of the run, so that exactly one generator counts them as dropped.
   *
   * @returns the number that this generator got; `undefined` if it is certain that none are left
   */
  claimRest(): Promise<number> | undefined {
    this.#isClosed = true
    if (this.#unclaimed === 0 && this.#claiming === undefined) return undefined
    const underWay = this.#claiming ?? Promise.resolve({ left: 0 })
    return Promise.all([underWay, this.#granted(this.#shared)]).then(([first, rest]) => first.left + rest.left)
  }

  #claimMore(waiting: number): void {
    if (this.#claiming !== undefined) return
    const block = Math.max(1, waiting, Math.ceil((this.#unclaimed * CLAIMED_RATIO) / this.#share.count))
    this.#claiming = this.#granted(block)
    this.#claiming.then(
      // oxlint-disable-next-line promise/always-return
      ({ next, left }) => {
        this.#claiming = undefined
        if (this.#isClosed) return
        this.#stock += left
        this.#blocks.push({ next, step: 1, left })
        this.#events.onGranted()
      },
      (error: unknown) => {
        this.#claiming = undefined
        if (!this.#isClosed) this.#events.onFailed(error)
      },
    )
  }

  async #granted(block: number): Promise<Block> {
    const before = await this.#claim!(block)
    this.#unclaimed = Math.max(0, this.#shared - before - block)
    const left = Math.min(block, Math.max(0, this.#shared - before))
    return { next: this.#inAdvance + before, step: 1, left }
  }
}

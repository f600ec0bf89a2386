/** The part of autocannon 9.0.0 that benchmarks use. */
declare module 'autocannon' {
  interface Options {
    readonly url: string
    readonly connections: number
    /** Seconds. */
    readonly duration: number
    readonly overallRate?: number
  }

  interface Result {
    readonly requests: { readonly total: number }
    /** Seconds. */
    readonly duration: number
    /** Milliseconds. */
    readonly latency: { readonly p50: number; readonly p97_5: number; readonly p99: number }
  }

  export default function autocannon(options: Options): PromiseLike<Result>
}

/** An unexpected exit of the target. */
export interface NotedExit {
  /** When it was noticed, in milliseconds since 1970. */
  readonly timeMs: number
  /** The exit and a line of its output, without secrets. */
  readonly reason: string
}

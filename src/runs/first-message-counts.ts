/** WebSocket steps without `isResponse`, in which the first message counted as the response. */
export interface FirstMessageCounts {
  /** First messages that counted as responses. */
  readonly taken: number
  /** Messages beyond the first. */
  readonly surplus: number
  /**
   * Responses that may be messages which the target sent by itself: all on a connection before a surplus message arrived. 0
   * if every step was followed by the same number of messages.
   */
  readonly doubtful: number
}

/** Fewest and most messages received from the send of a step to the send of the next. */
export interface MessageSpan {
  least: number
  most: number
  /** Fewest of a step that was the last on its connection: more might have followed. */
  lastLeast: number
}

/** What a generator recorded about steps without `isResponse`. */
export interface FirstMessageRecord {
  readonly taken: number
  readonly surplus: number
  /** Responses before a surplus message on their connection. */
  readonly doubtful: number
  /** By index of the step. */
  readonly spans: ReadonlyMap<number, MessageSpan>
}

/** Counts over all generators. No response is doubtful if each step was followed by the same number of messages everywhere. */
export function firstMessageCounts(all: readonly FirstMessageRecord[]): FirstMessageCounts {
  const sum = (of: (record: FirstMessageRecord) => number) => all.reduce((total, record) => total + of(record), 0)
  const spans = Map.groupBy(
    all.flatMap((record) => [...record.spans]),
    ([place]) => place,
  )
  const isRegular = [...spans.values()].every((ofPlace) => isSame(ofPlace.map(([, span]) => span)))
  return {
    taken: sum(({ taken }) => taken),
    surplus: sum(({ surplus }) => surplus),
    doubtful: isRegular ? 0 : sum(({ doubtful }) => doubtful),
  }
}

function isSame(spans: readonly MessageSpan[]): boolean {
  const least = Math.min(...spans.map((span) => span.least))
  const most = Math.max(...spans.map((span) => span.most))
  return Number.isFinite(least) ? least === most : Math.min(...spans.map((span) => span.lastLeast)) === most
}

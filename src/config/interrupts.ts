import { constants } from 'node:os'

/** Signals that end a command: Ctrl-C, `kill`, a closed terminal. */
export const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Exit code of a command that a signal ended: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/**
 * Handles the first Ctrl-C, SIGTERM or SIGHUP: the load stops, partial results are reported and services are cleaned up.
 * Vitest's own handler would exit within a millisecond; it handles the second signal.
 *
 * @returns a function that restores the previous handlers
 */
export function onFirstInterrupt(handler: (signal: NodeJS.Signals) => void): () => void {
  const displaced = INTERRUPTS.map((signal) => ({ signal, listeners: process.rawListeners(signal) }))
  const first = (signal: NodeJS.Signals) => {
    restore()
    if (signal === 'SIGHUP') ignoreWriteErrors()
    handler(signal)
  }
  const restore = () => {
    for (const { signal, listeners } of displaced.splice(0)) {
      process.removeListener(signal, first)
      for (const listener of listeners) process.on(signal, listener as NodeJS.SignalsListener)
    }
  }
  for (const { signal } of displaced) {
    process.removeAllListeners(signal)
    process.on(signal, first)
  }
  return restore
}

/** A write to a closed terminal must not end the command before its report is written. */
function ignoreWriteErrors(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

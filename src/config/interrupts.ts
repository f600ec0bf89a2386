import { constants } from 'node:os'

/** Signals that end a command: Ctrl-C, `kill`, the end of its terminal. */
export const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The exit code of a command that a signal ended: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/**
 * Turns the first Ctrl-C, SIGTERM or SIGHUP into an orderly end: the load stops, what was measured is reported as partial, and
 * services are cleaned up. Vitest's own handler would exit within a millisecond; it gets the second signal.
 *
 * @returns gives the signals back to those who had them
 */
export function onFirstInterrupt(handler: (signal: NodeJS.Signals) => void): () => void {
  const displaced = INTERRUPTS.map((signal) => ({ signal, listeners: process.rawListeners(signal) }))
  const first = (signal: NodeJS.Signals) => {
    giveBack()
    if (signal === 'SIGHUP') outliveTerminal()
    handler(signal)
  }
  const giveBack = () => {
    for (const { signal, listeners } of displaced.splice(0)) {
      process.removeListener(signal, first)
      for (const listener of listeners) process.on(signal, listener as NodeJS.SignalsListener)
    }
  }
  for (const { signal } of displaced) {
    process.removeAllListeners(signal)
    process.on(signal, first)
  }
  return giveBack
}

/** A write to a terminal that is gone must not end the command before its report is written. */
function outliveTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Turns the first Ctrl-C or SIGTERM into an orderly end: the load stops, what was measured is reported as partial, and
 * services are put away. Vitest's own handler would exit within a millisecond; it gets the second signal.
 *
 * @returns gives the signals back to those who had them
 */
export function onFirstInterrupt(handler: (signal: NodeJS.Signals) => void): () => void {
  const displaced = SIGNALS.map((signal) => ({ signal, listeners: process.rawListeners(signal) }))
  const first = (signal: NodeJS.Signals) => {
    giveBack()
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

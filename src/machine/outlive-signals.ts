import { setTimeout } from './clock.ts'

/** Time after which a process that outlives SIGTERM ends by itself, if no other process has ended it. */
const LONGEST_STAY_MS = 5_000

/**
 * Keeps a helper process alive when Ctrl-C, a closed terminal or a supervisor signals every process of the command. The
 * main process stops the load and reports it. SIGTERM is only delayed, because it may be for this process alone.
 *
 * @returns a function that restores the effect of SIGTERM
 */
export function outliveSignals(): () => void {
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  const end = () => {
    process.off('SIGTERM', stay)
    process.kill(process.pid, 'SIGTERM')
  }
  const stay = () => void setTimeout(end, LONGEST_STAY_MS).unref()
  process.on('SIGTERM', stay)
  return () => void process.off('SIGTERM', stay)
}

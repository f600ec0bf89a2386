/** The part of a Vitest reporter that keeps lines at the bottom of the terminal. */
interface Window {
  createSummary(): string[]
  readonly renderer: { schedule(): void }
}

/** Lines added to a window. */
export interface WindowExtension {
  /** Schedules a redraw. */
  refresh(): void
  /** Restores the window. */
  detach(): void
}

/**
 * Adds lines to the window that Vitest's reporters (`default`, `verbose`, `tree`, `dot`) draw in a terminal, because two
 * windows would overwrite each other. The window is not in Vitest's public API: if it has an unexpected shape, nothing is
 * changed and `undefined` is returned.
 */
export function extendWindow(
  reporters: readonly unknown[],
  lines: () => readonly string[],
): WindowExtension | undefined {
  const window = reporters.map(windowOf).find((found) => found !== undefined)
  if (window === undefined) return undefined
  const original = window.createSummary.bind(window)
  window.createSummary = () => {
    const added = lines()
    return added.length === 0 ? original() : [...original(), ...added, '']
  }
  return {
    refresh: () => window.renderer.schedule(),
    detach: () => {
      window.createSummary = original
    },
  }
}

function windowOf(reporter: unknown): Window | undefined {
  const candidates = [(reporter as { summary?: unknown } | undefined)?.summary, reporter]
  return candidates.find(isWindow)
}

function isWindow(candidate: unknown): candidate is Window {
  const { createSummary, renderer } = (candidate ?? {}) as Partial<Window>
  return typeof createSummary === 'function' && typeof renderer?.schedule === 'function'
}

import type { GeneratorHealth, LoopDelayStats } from '../../evidence/generator-health.ts'

/**
 * How several generator processes fared together: delays, utilisation and CPU are those of the worst process, as each
 * has its own core and its own event loop to be short of; memory, sockets and descriptors are added up. Schedule delay
 * is that of `main`, which alone publishes.
 */
export function worstHealth(main: GeneratorHealth, others: readonly GeneratorHealth[]): GeneratorHealth {
  const all = [main, ...others]
  const most = (of: (health: GeneratorHealth) => number) => Math.max(...all.map(of))
  const sum = (of: (health: GeneratorHealth) => number) => all.reduce((total, health) => total + of(health), 0)
  const worstDelay = (of: keyof LoopDelayStats) => most(({ eventLoopDelay }) => eventLoopDelay[of] ?? 0)
  return {
    ...main,
    eventLoopDelay: {
      p50Ms: worstDelay('p50Ms'),
      p95Ms: worstDelay('p95Ms'),
      p99Ms: worstDelay('p99Ms'),
      sustainedP99Ms: worstDelay('sustainedP99Ms'),
      maxMs: worstDelay('maxMs'),
    },
    eventLoopUtilization: most(({ eventLoopUtilization }) => eventLoopUtilization),
    cpuRatio: most(({ cpuRatio }) => cpuRatio),
    maxRssBytes: sum(({ maxRssBytes }) => maxRssBytes),
    // Main counts the sockets of all; where there are others, it holds none itself.
    openSockets: main.openSockets,
    descriptorLimit:
      others.length === 0 ? main.descriptorLimit : sum(({ descriptorLimit }) => descriptorLimit) - main.descriptorLimit,
  }
}

import type { GeneratorHealth, LoopBlocks, LoopDelayStats } from '../../evidence/generator-health.ts'

/**
 * Health of several generator processes together. Delays, utilization and CPU are those of the worst process, as each has
 * one core and one event loop; memory, sockets and descriptors are added up. Schedule delay is that of `main`, the only
 * process that publishes.
 */
export function worstHealth(main: GeneratorHealth, others: readonly GeneratorHealth[]): GeneratorHealth {
  const all = [main, ...others]
  const most = (of: (health: GeneratorHealth) => number) => Math.max(...all.map(of))
  const sum = (of: (health: GeneratorHealth) => number) => all.reduce((total, health) => total + of(health), 0)
  const worstBlocks = (of: keyof LoopBlocks) => most(({ eventLoopDelay }) => eventLoopDelay.blocks?.[of] ?? 0)
  const worstDelay = (of: Exclude<keyof LoopDelayStats, 'blocks'>) =>
    most(({ eventLoopDelay }) => eventLoopDelay[of] ?? 0)
  return {
    ...main,
    eventLoopDelay: {
      p50Ms: worstDelay('p50Ms'),
      p95Ms: worstDelay('p95Ms'),
      p99Ms: worstDelay('p99Ms'),
      sustainedP99Ms: worstDelay('sustainedP99Ms'),
      maxMs: worstDelay('maxMs'),
      blocks: { count: worstBlocks('count'), totalMs: worstBlocks('totalMs') },
    },
    eventLoopUtilization: most(({ eventLoopUtilization }) => eventLoopUtilization),
    cpuRatio: most(({ cpuRatio }) => cpuRatio),
    maxRssBytes: sum(({ maxRssBytes }) => maxRssBytes),
    // `main` counts the sockets of all processes; if there are others, it has none itself.
    openSockets: main.openSockets,
    descriptorLimit:
      others.length === 0 ? main.descriptorLimit : sum(({ descriptorLimit }) => descriptorLimit) - main.descriptorLimit,
  }
}

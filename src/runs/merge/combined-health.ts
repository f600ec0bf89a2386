import type { DelayStats, GeneratorHealth, LoopBlocks, LoopDelayStats } from '../../evidence/generator-health.ts'

/**
 * Health of several generators in one line: delays, utilization and CPU of the worst, and the sum of memory, sockets and
 * descriptors. Each generator is judged by its own health.
 */
export function combinedHealth(all: readonly GeneratorHealth[]): GeneratorHealth {
  const [first] = all
  if (first !== undefined && all.length === 1) return first
  const most = (of: (health: GeneratorHealth) => number) => Math.max(...all.map(of))
  const sum = (of: (health: GeneratorHealth) => number) => all.reduce((total, health) => total + of(health), 0)
  const loopDelay = (of: Exclude<keyof LoopDelayStats, 'blocks'>) =>
    most(({ eventLoopDelay }) => eventLoopDelay[of] ?? eventLoopDelay.p99Ms)
  const sustained = slowest(all.map(({ sustainedScheduleDelay }) => sustainedScheduleDelay))
  return {
    scheduleDelay: slowest(all.map(({ scheduleDelay }) => scheduleDelay)),
    ...(sustained === undefined ? {} : { sustainedScheduleDelay: sustained }),
    eventLoopDelay: {
      p50Ms: loopDelay('p50Ms'),
      p95Ms: loopDelay('p95Ms'),
      p99Ms: loopDelay('p99Ms'),
      sustainedP99Ms: loopDelay('sustainedP99Ms'),
      maxMs: loopDelay('maxMs'),
      ...meanBlocks(all),
    },
    eventLoopUtilization: most(({ eventLoopUtilization }) => eventLoopUtilization),
    cpuRatio: most(({ cpuRatio }) => cpuRatio),
    maxRssBytes: sum(({ maxRssBytes }) => maxRssBytes),
    openSockets: sum(({ openSockets }) => openSockets),
    descriptorLimit: sum(({ descriptorLimit }) => descriptorLimit),
  }
}

/**
 * Blocks of the event loops, as those of one generator that delayed as many of all requests: a block delays the requests of
 * its generator, which are one of `all.length` equal shares.
 */
function meanBlocks(all: readonly GeneratorHealth[]): { readonly blocks?: LoopBlocks } {
  const blocks = all.flatMap(({ eventLoopDelay }) => eventLoopDelay.blocks ?? [])
  if (blocks.length === 0) return {}
  const mean = (of: (block: LoopBlocks) => number) => blocks.reduce((sum, block) => sum + of(block), 0) / blocks.length
  return { blocks: { count: mean(({ count }) => count), totalMs: mean(({ totalMs }) => totalMs) } }
}

function slowest(all: readonly (DelayStats | undefined)[]): DelayStats | undefined {
  return all.flatMap((stats) => stats ?? []).toSorted((a, b) => b.p99Ms - a.p99Ms)[0]
}

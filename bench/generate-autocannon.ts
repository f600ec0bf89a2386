import autocannon from 'autocannon'

/** Runs autocannon, in a closed model or in its rate mode, and prints its figures. */

export interface AutocannonOptions {
  readonly url: string
  readonly connections: number
  readonly durationSec: number
  readonly overallRate?: number
}

export interface AutocannonFigures {
  readonly requestsPerSec: number
  /** p50, p97.5 (autocannon has no p95) and p99 of the latency, in whole milliseconds. */
  readonly latencyMs: readonly [number, number, number]
  readonly cpuRatio: number
  readonly maxRssBytes: number
}

const { url, connections, durationSec, overallRate } = JSON.parse(process.argv[2]!) as AutocannonOptions
const cpuBefore = process.cpuUsage()
const startMs = performance.now()
const result = await autocannon({
  url,
  connections,
  duration: durationSec,
  ...(overallRate === undefined ? {} : { overallRate }),
})
const { user, system } = process.cpuUsage(cpuBefore)
const figures: AutocannonFigures = {
  requestsPerSec: result.requests.total / result.duration,
  latencyMs: [result.latency.p50, result.latency.p97_5, result.latency.p99],
  cpuRatio: (user + system) / 1000 / (performance.now() - startMs),
  maxRssBytes: process.resourceUsage().maxRSS * 1024,
}
console.log(JSON.stringify(figures))

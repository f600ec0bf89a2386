import { Agent, get } from 'node:http'

/**
 * Sends requests on schedule with only Node's client and a timer, and measures their latency from the intended start: the
 * time that this machine adds to every response, with any tool. Prints one line of JSON.
 */

export interface BareOptions {
  readonly url: string
  readonly ratePerSec: number
  readonly durationSec: number
}

export interface BareFigures {
  readonly latenciesMs: readonly number[]
}

/** Time before the first request, for loading modules. */
const LEAD_MS = 100

const { url, ratePerSec, durationSec } = JSON.parse(process.argv[2]!) as BareOptions
const agent = new Agent({ keepAlive: true })
const startMs = performance.now() + LEAD_MS

const requests: Promise<number>[] = []
for (let index = 0; index < ratePerSec * durationSec; index++) {
  const intendedMs = startMs + (index * 1000) / ratePerSec
  const delayMs = intendedMs - performance.now()
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
  requests.push(latencyFrom(intendedMs))
}
const figures: BareFigures = { latenciesMs: await Promise.all(requests) }
agent.destroy()
console.log(JSON.stringify(figures))

function latencyFrom(intendedMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume()
      response.once('end', () => resolve(performance.now() - intendedMs))
    }).once('error', reject)
  })
}

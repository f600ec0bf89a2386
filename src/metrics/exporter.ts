import { createServer, type Server, type ServerResponse } from 'node:http'
import { Pushgateway, Registry } from 'prom-client'
import type { Outcome } from '../evidence/verdict.ts'
import { clearInterval, setInterval, sleep } from '../machine/clock.ts'
import { redactText } from '../options/redact.ts'
import { readOptions, type ReadOf } from '../options/schema.ts'
import type { RunEnding, RunObserver } from '../results/observer.ts'
import type { ScenarioRecord } from '../results/result.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { ExportedResults } from './exported-results.ts'
import { ExportedMetrics } from './exported.ts'
import { EXPORTER, type ExporterOptions } from './exporter-options.ts'

const PUSH_TIMEOUT_MS = 5_000

/**
 * Exports the progress and results of scenarios to Prometheus: by a scrape endpoint, a Pushgateway, or both. A port in use
 * or a gateway without a response causes one line in the log, and affects no verdict.
 */
export class MetricsExporter implements RunObserver {
  readonly #settings: ReadOf<typeof EXPORTER>
  readonly #metrics = new ExportedMetrics()
  readonly #results = new ExportedResults()
  readonly #registry = Registry.merge([this.#metrics.registry, this.#results.registry])
  readonly #logged = new Set<string>()
  #server: Server | undefined
  #pushing: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  /** @throws {OptionsError} with every invalid option */
  constructor(options: ExporterOptions) {
    this.#settings = readOptions('MetricsExporter()', EXPORTER, options)
  }

  /** URL of the endpoint, e.g. `http://127.0.0.1:9464/metrics`; `undefined` if there is none. */
  get url(): string | undefined {
    const address = this.#server?.address()
    if (typeof address !== 'object' || address === null) return undefined
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
    return `http://${host}:${address.port}/metrics`
  }

  async onStart(): Promise<void> {
    const { port, pushgateway, pushIntervalMs } = this.#settings
    this.#metrics.reset()
    this.#results.reset()
    if (port !== undefined && this.#server === undefined) await this.#listen(port)
    if (pushgateway === undefined) return
    this.#timer = setInterval(() => this.#push(pushgateway), pushIntervalMs).unref()
  }

  onSnapshot(scenario: string, snapshot: RunSnapshot): void {
    this.#metrics.show(scenario, snapshot)
  }

  onScenario(scenario: string, verdict: Outcome, record: ScenarioRecord, scale = ''): void {
    this.#results.show(scenario, verdict, record, scale)
  }

  /** Pushes the final values, lingers, and closes the endpoint; in watch mode it stays open. */
  async onEnd({ watches = false, signal }: Partial<RunEnding> = {}): Promise<void> {
    const { pushgateway, lingerMs } = this.#settings
    clearInterval(this.#timer)
    if (pushgateway !== undefined) this.#push(pushgateway)
    await this.#pushing
    if (this.#server === undefined || watches) return
    if (lingerMs > 0) await sleep(lingerMs, undefined, signal && { signal }).catch(() => {})
    await this.#close()
  }

  async #listen(port: number): Promise<void> {
    const server = createServer((request, response) => {
      if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
        response.writeHead(404).end('The metrics are at /metrics.\n')
        return
      }
      void this.#response(response)
    })
    const failure = await new Promise<Error | undefined>((done) => {
      server.once('error', done).listen(port, this.#settings.host, () => done(undefined))
    })
    if (failure === undefined) this.#server = server.unref()
    else this.#log(`metrics are not exported: ${failure.message}. Scenarios continue; set another port, or 0 for any.`)
  }

  async #response(response: ServerResponse): Promise<void> {
    const body = await this.#registry.metrics()
    response.writeHead(200, { 'content-type': this.#registry.contentType }).end(body)
  }

  #push(url: string): void {
    // The global agent may use a proxy of the environment, a host that no option allows.
    const gateway = new Pushgateway(url, { timeout: PUSH_TIMEOUT_MS, agent: false }, this.#registry)
    const push = () => gateway.push({ jobName: this.#settings.job })
    this.#pushing = this.#pushing.then(push).then(
      () => undefined,
      (error: Error) => this.#log(`metrics are not pushed to ${url}: ${error.message || error.name}`),
    )
  }

  /** Logs each line once. */
  #log(line: string): void {
    const clean = redactText(`vitest-slo: ${line}`)
    if (this.#logged.has(clean)) return
    this.#logged.add(clean)
    this.#settings.log(clean)
  }

  async #close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    await new Promise((closed) => server?.close(closed))
  }
}

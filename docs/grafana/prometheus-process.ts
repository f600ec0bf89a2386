import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/services/ports.ts'

/** Result of a query: the values of all series, or the reason why the query is invalid. */
export type Response = { readonly values: readonly number[] } | { readonly error: string }

export const SCRAPE_MS = 500

export function isInstalled(): boolean {
  return spawnSync('prometheus', ['--version']).status === 0
}

/** A temporary Prometheus that scrapes one endpoint; disposing it deletes its data. */
export class Prometheus implements AsyncDisposable {
  readonly #url: string
  readonly #folder: string
  readonly #process: ChildProcess

  private constructor(url: string, folder: string, process: ChildProcess) {
    this.#url = url
    this.#folder = folder
    this.#process = process
  }

  /** Starts Prometheus. @param endpoint host and port to scrape */
  static async scraping(endpoint: string): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'slo-prometheus-'))
    const config = join(folder, 'prometheus.yml')
    const jobs = [{ job_name: 'vitest-slo', static_configs: [{ targets: [endpoint] }] }]
    const times = { scrape_interval: `${SCRAPE_MS}ms`, scrape_timeout: `${SCRAPE_MS}ms` }
    // JSON is YAML.
    await writeFile(config, JSON.stringify({ global: times, scrape_configs: jobs }))
    const address = `127.0.0.1:${await freePort()}`
    const args = [`--config.file=${config}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${address}`]
    const child = spawn('prometheus', [...args, '--log.level=error'], { stdio: ['ignore', 'inherit', 'inherit'] })
    const prometheus = new Prometheus(`http://${address}`, folder, child)
    await prometheus.until(async () => (await fetch(`http://${address}/-/ready`)).ok)
    return prometheus
  }

  /** Polls until a condition holds. @throws {Error} if Prometheus has exited */
  async until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds().catch(() => false))) {
      if (this.#process.exitCode !== null) throw new Error(`prometheus exited with ${this.#process.exitCode}`)
      await sleep(100)
    }
  }

  /** Evaluates a query for every second of a range, in seconds of the Unix epoch. */
  range(query: string, fromSec: number, toSec: number): Promise<Response> {
    const start = toSec - Math.ceil(toSec - fromSec)
    return this.#query('query_range', { query, start: String(start), end: String(toSec), step: '1' })
  }

  now(query: string): Promise<Response> {
    return this.#query('query', { query })
  }

  /** Values of a label, as Grafana's variables query them. */
  async labelValues(label: string, match: string): Promise<readonly string[]> {
    const query = String(new URLSearchParams({ 'match[]': match }))
    const response = await fetch(`${this.#url}/api/v1/label/${label}/values?${query}`)
    return ((await response.json()) as { data?: string[] }).data ?? []
  }

  async #query(kind: 'query' | 'query_range', parameters: Record<string, string>): Promise<Response> {
    const response = await fetch(`${this.#url}/api/v1/${kind}?${String(new URLSearchParams(parameters))}`)
    const { error, data } = (await response.json()) as PrometheusResponse
    if (data === undefined) return { error: error ?? `status ${response.status}` }
    const samples = data.result.flatMap(({ value, values = [] }) => (value === undefined ? values : [value]))
    // A percentile is infinite if too few requests got a good response.
    const values = samples.map(([, text]) => (text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text)))
    return { values: values.filter((value) => !Number.isNaN(value)) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit')
    if (this.#process.kill('SIGTERM')) await exited
    await rm(this.#folder, { recursive: true, force: true })
  }
}

interface PrometheusResponse {
  readonly error?: string
  readonly data?: {
    readonly result: readonly {
      readonly value?: readonly [number, string]
      readonly values?: readonly (readonly [number, string])[]
    }[]
  }
}

import { execFile, execFileSync, spawn, type ChildProcess, type ForkOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Cores of the generator and of the server. */
export const GENERATOR_CORE = 0
export const SERVER_CORE = 1

const canPin = availableParallelism() > 1 && isOnPath('taskset')

export function isOnPath(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A command line limited to one core, if this machine supports it. */
export function pinned(core: number, command: readonly string[]): [string, string[]] {
  const [file, ...args] = canPin ? ['taskset', '-c', String(core), ...command] : command
  return [file!, args]
}

/** Options of `fork()` for a child limited to one core, if this machine supports it. */
export function pinnedFork(core: number, nodeOptions: readonly string[] = []): ForkOptions {
  const [execPath, execArgv] = pinned(core, [process.execPath, ...nodeOptions])
  return { execPath, execArgv }
}

export interface TruthServer extends AsyncDisposable {
  readonly url: string
  /** Arrival times and response times of requests since the last call, as measured by the server. */
  seen(): Promise<{ readonly arrivedMs: readonly number[]; readonly tookMs: readonly number[] }>
}

export async function truthServer(behaviour: string): Promise<TruthServer> {
  const path = fileURLToPath(new URL('../fixtures/truth/server.ts', import.meta.url))
  const [file, args] = pinned(SERVER_CORE, [process.execPath, path, behaviour])
  const child: ChildProcess = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  const url = `http://127.0.0.1:${/listening (\d+)/.exec(String(line))![1]}`
  return {
    url,
    async seen() {
      return (await (await fetch(`${url}/seen`)).json()) as Awaited<ReturnType<TruthServer['seen']>>
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}

/** Runs a command on the generator's core and returns its output. */
export async function onGeneratorCore(command: readonly string[]): Promise<string> {
  const [file, args] = pinned(GENERATOR_CORE, command)
  const { stdout } = await promisify(execFile)(file, args, { maxBuffer: 64 << 20 })
  return stdout
}

/**
 * Runs a generator of this folder, or of the same folder in another checkout of the project, which prints its figures as
 * one line of JSON.
 */
export async function generate<Figures>(file: string, options: object, checkout?: string): Promise<Figures> {
  const path = checkout === undefined ? fileURLToPath(new URL(file, import.meta.url)) : resolve(checkout, 'bench', file)
  const output = await onGeneratorCore([process.execPath, '--expose-gc', path, JSON.stringify(options)])
  return JSON.parse(output.trim().split('\n').at(-1)!) as Figures
}

/** Prints a table; the first column is left-aligned. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  for (const row of rows)
    console.log(row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]! + 3))).join(''))
}

/** Saves the figures in `perf-report/bench/`, with a description of the machine. */
export function keep(name: string, figures: object): void {
  const folder = new URL('../perf-report/bench/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    isPinned: canPin,
    loadAverage: loadavg(),
  }
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify({ machine, ...figures }, undefined, 2)}\n`)
  console.log(
    `\nload average ${loadavg()
      .map((load) => load.toFixed(1))
      .join(', ')}; saved in perf-report/bench/${name}.json`,
  )
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

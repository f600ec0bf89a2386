import { listenersOn } from '../../machine/listeners.ts'
import { redactText, secretsOf } from '../../options/redact.ts'
import { shortened } from '../../options/shortened.ts'
import { settleAll } from '../failure.ts'
import { ManagedProcess, describeExit, type ProcessExit } from '../managed-process.ts'
import { freePort, isFree } from '../ports.ts'
import { ServiceError } from '../service.ts'
import { listeningPorts, otherAddresses, portsInLog } from './listening-ports.ts'
import { tlsFailure, waitUntilReady } from './readiness.ts'
import type { Readiness, StartedTarget, TargetContext, TargetExit, TargetInstance } from './started-target.ts'
import { targetEnvironment, type Ports } from './target-env.ts'
import type { TargetOptions } from './target-options.ts'

/** A target of one or more processes that the run starts. */
export class StartedProcesses implements StartedTarget {
  readonly provider = 'command'
  readonly #launch: (ports: Ports, index: number) => Promise<ManagedProcess>
  readonly #ports: readonly Ports[]
  readonly #mask: (text: string) => string
  readonly #scheme: string
  readonly #log: (line: string) => void
  readonly #listeners = new Set<(exit: TargetExit) => void>()
  #processes: ManagedProcess[] = []
  readonly #killed = new WeakSet<ManagedProcess>()
  #stopping = false

  private constructor(
    ports: readonly Ports[],
    launch: (ports: Ports, index: number) => Promise<ManagedProcess>,
    mask: (text: string) => string,
    scheme: string,
    log: (line: string) => void,
  ) {
    this.#log = log
    this.#ports = ports
    this.#launch = launch
    this.#mask = mask
    this.#scheme = scheme
  }

  /**
   * @throws {ServiceError} if a port is in use, or the program cannot be run, exits immediately, or is not ready in time;
   *   the message quotes its last lines
   */
  static async start(
    options: TargetOptions,
    command: readonly string[],
    readiness: Readiness,
    context: TargetContext,
  ): Promise<StartedProcesses> {
    const count = options.instances ?? 1
    const ports: Ports[] = []
    for (let index = 0; index < count; index++) ports.push(await choosePorts(options, index))
    const secrets = context.services.flatMap(({ connection }) => Object.values(connection).flatMap(secretsOf))
    // A target can print anything: everything that looks like a secret is masked, not only known secrets.
    const mask = (text: string) => redactText(text, secrets)
    const launch = (own: Ports, index: number) => launchInstance(options, command, own, index, readiness, context, mask)
    const started = new StartedProcesses(ports, launch, mask, schemeOf(options), context.log)
    await started.#startAll()
    return started
  }

  get instances(): readonly TargetInstance[] {
    return this.#ports.map(({ port, internalPort }, index) => {
      const pid = this.#processes[index]?.pid
      return {
        baseUrl: `${this.#scheme}://127.0.0.1:${port}`,
        ...(internalPort === undefined ? {} : { internalUrl: `http://127.0.0.1:${internalPort}` }),
        ...(pid === undefined ? {} : { pid }),
      }
    })
  }

  get summary(): string {
    const places = this.instances.map(({ baseUrl, pid }) => `${baseUrl} (pid ${pid})`)
    return `target, started, ${places.join(', ')}`
  }

  get running(): boolean {
    return this.#processes.length > 0 && this.#processes.every((process) => process.running)
  }

  async restart(): Promise<void> {
    await this.#stopAll()
    await this.#startAll()
  }

  async kill(instance: number): Promise<() => Promise<void>> {
    const [process, ports] = [this.#processes[instance], this.#ports[instance]]
    if (process === undefined || ports === undefined) {
      throw new ServiceError('target', {
        problem: `there is no instance ${instance}`,
        received: `${this.#ports.length} instances, counted from 0`,
        fix: 'use an existing instance, or start more: target({ instances: 2 })',
      })
    }
    this.#killed.add(process)
    await process.kill()
    return async () => {
      if (this.#stopping) return
      const revived = await this.#launch(ports, instance)
      if (this.#stopping) await revived.stop()
      this.#processes[instance] = revived
      this.#watch(instance, revived)
    }
  }

  onExit(listener: (exit: TargetExit) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stopAll()
  }

  async #startAll(): Promise<void> {
    this.#stopping = false
    const { values, errors } = await settleAll(this.#ports.map((ports, index) => this.#launch(ports, index)))
    this.#processes = [...values]
    if (errors[0]) {
      await this.#stopAll()
      throw errors[0]
    }
    for (const [index, process] of this.#processes.entries()) this.#watch(index, process)
  }

  #watch(instance: number, process: ManagedProcess): void {
    void process.exited.then((exit) => this.#noticeExit(instance, process, exit))
  }

  async #stopAll(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#processes.map((process) => process.stop()))
    for (const { port } of this.#ports) {
      const [pid] = listenersOn(port).pids
      if (pid === undefined) continue
      this.#log(
        `target: process ${pid} still listens on port ${port} of the stopped target, and cannot be recognized as ` +
          `started by it\nFix: stop it (kill ${pid}), and make the command of the target stop its server`,
      )
    }
  }

  #noticeExit(instance: number, process: ManagedProcess, exit: ProcessExit): void {
    if (this.#stopping || this.#killed.has(process) || this.#processes[instance] !== process) return
    const which = this.#ports.length === 1 ? 'target' : `target, instance ${instance}`
    const message = this.#mask(
      `${which} exited unexpectedly: ${describeExit(exit)}. Its last lines:\n${process.log.quote()}`,
    )
    const reason = this.#mask(reasonOf(exit, process.log.last()))
    for (const listener of this.#listeners) listener({ instance, ...exit, message, reason })
  }
}

/** The exit with the last line about an error, as runtimes print their version and a stack after it, or the last line. */
function reasonOf(exit: ProcessExit, lines: readonly string[]): string {
  const printed = lines.map((line) => line.trim()).filter((line) => line !== '')
  const line = printed.findLast((each) => /error|exception|panic|fatal/i.test(each)) ?? printed.at(-1)
  return line === undefined ? describeExit(exit) : `${describeExit(exit)}, with "${shortened(line, 160)}"`
}

async function choosePorts(options: TargetOptions, index: number): Promise<Ports> {
  const port = await onePort('port', options.port, index)
  if (options.internalPortVariable === false) return { port, internalPort: undefined }
  return { port, internalPort: await onePort('internalPort', options.internalPort, index) }
}

async function onePort(option: string, fixed: number | undefined, index: number): Promise<number> {
  if (fixed === undefined) return freePort()
  const port = fixed + index
  if (await isFree(port)) return port
  throw new ServiceError('target', {
    problem: `port ${port} is in use`,
    received: `${option}: ${fixed}${index === 0 ? '' : `, instance ${index}`}`,
    fix: `stop the process that listens there (lsof -i :${port} names it), or remove ${option} to use a free port`,
  })
}

async function launchInstance(
  options: TargetOptions,
  command: readonly string[],
  ports: Ports,
  index: number,
  { readyPath, readyTimeoutMs }: Readiness,
  context: TargetContext,
  mask: (text: string) => string,
): Promise<ManagedProcess> {
  const { reaper, signal } = context
  const [program = '', ...args] = command
  const shown = mask(command.join(' '))
  const started = await ManagedProcess.start({
    command: program,
    args,
    env: targetEnvironment(options, ports, index, context),
    ports: [ports.port, ...(ports.internalPort === undefined ? [] : [ports.internalPort])],
    reaper,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).catch((error: NodeJS.ErrnoException) => {
    throw new ServiceError('target', {
      problem: `${shown} cannot be run: ${error.message}`,
      fix: `use a program on the path and an existing folder: target({ command, cwd })`,
      cause: error,
    })
  })
  const finished = new AbortController()
  const origin = `${schemeOf(options)}://127.0.0.1:${ports.port}`
  const readiness = waitUntilReady(origin + readyPath, {
    timeoutMs: readyTimeoutMs,
    tls: options.tls,
    signal: AbortSignal.any([signal, finished.signal]),
  })
  const outcome = await Promise.race([readiness.then((last) => ({ last })), started.exited])
  finished.abort()
  if ('last' in outcome && outcome.last === undefined) return started
  const others = otherPorts(ports, started)
  const addresses = otherAddresses(started.pid, ports.port)
  await started.stop()
  signal.throwIfAborted()
  const failure = 'last' in outcome ? tlsFailure(origin, outcome.last ?? '') : undefined
  if (failure !== undefined) throw failure
  const details = mask(`Its last lines:\n${started.log.quote()}`)
  if ('last' in outcome && others.length > 0) throw wrongPort(shown, ports, others, details)
  if ('last' in outcome && addresses.length > 0) throw wrongAddress(shown, ports, addresses, details)
  throw 'last' in outcome
    ? new ServiceError('target', {
        problem: `${shown} was not ready within ${readyTimeoutMs / 1000} s: GET ${readyPath} on port ${ports.port}`,
        received: mask(outcome.last ?? ''),
        details,
        fix: 'check above what it waits for; raise target({ readyTimeout }), or set the path of its readiness check, target({ ready })',
      })
    : new ServiceError('target', {
        problem: `${shown} exited before it was ready: ${describeExit(outcome)}`,
        details,
        fix: exitFix(started),
      })
}

function schemeOf({ tls }: TargetOptions): 'http' | 'https' {
  return tls === undefined ? 'http' : 'https'
}

/** Ports that it listens on instead of the given one; empty if it listens on that, or if they are not known. */
function otherPorts({ port, internalPort }: Ports, started: ManagedProcess): readonly number[] {
  const seen = listeningPorts(started.pid)
  const ports = seen.length > 0 ? seen : portsInLog(started.log.last())
  return ports.includes(port) ? [] : ports.filter((one) => one !== internalPort)
}

function wrongPort(shown: string, { port }: Ports, others: readonly number[], details: string): ServiceError {
  return new ServiceError('target', {
    problem: `${shown} listens on port ${others.join(' and ')} instead of ${port}, the port in its environment`,
    details,
    fix: `make it listen on the port in the variable PORT (target({ portVariable }) names another variable), or set its port: target({ port: ${others[0]} })`,
  })
}

function wrongAddress(shown: string, { port }: Ports, addresses: readonly string[], details: string): ServiceError {
  return new ServiceError('target', {
    problem: `${shown} listens on port ${port} of ${addresses.join(' and ')} only, not of 127.0.0.1, where requests are sent`,
    details,
    fix: "make it listen on 127.0.0.1 or on all addresses: '0.0.0.0', or '::' without ipv6Only ('localhost' may be ::1 alone)",
  })
}

function exitFix(started: ManagedProcess): string {
  if (started.log.last().some((line) => line.includes('EADDRINUSE'))) {
    return 'make it listen on PORT (and INTERNAL_PORT), which are free: its port is in use'
  }
  return 'check its last lines above; run the command by hand with the same variables to find the cause'
}

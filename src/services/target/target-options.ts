import type { TlsOptions } from '../../machine/tls.ts'
import { checkDuration, checkKnownKeys, checkNumber, type Duration } from '../../options/checks.ts'
import { Problems, type Problem } from '../../options/problems.ts'
import { checkTls } from '../../options/tls-options.ts'

/** What one instance of the target is told when its environment is made. */
export interface InstanceContext {
  /** From 0. */
  readonly index: number
  readonly port: number
  /** Not set when there is no internal listener. */
  readonly internalPort: number | undefined
  /** Connection details of the services, by name. */
  readonly services: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Options of {@link target}: a `command` to start, or the `url` of a target that runs already. */
export interface TargetOptions {
  /**
   * Program and arguments, e.g. `['node', 'src/main.ts']`; no shell is involved. Its environment is ours without
   * Vitest's own variables, with `NODE_ENV=production`, the services' variables, the ports, and `env`.
   */
  readonly command?: readonly string[]
  /** Default: the current folder. */
  readonly cwd?: string
  /** Variables of the target's own; they beat all others. */
  readonly env?: Readonly<Record<string, string>> | ((instance: InstanceContext) => Readonly<Record<string, string>>)
  /** Path that responds with 2xx once the target can take load. Default: `/healthz`. */
  readonly ready?: string
  /** Default: `'30s'`. */
  readonly readyTimeout?: Duration
  /** How many to start. VUs and sockets are spread over them in turns. Default: 1. */
  readonly instances?: number
  /** A fixed port, counted up for each further instance. Default: a free one. */
  readonly port?: number
  /** The variable that tells the target its port. Default: `PORT`. */
  readonly portVariable?: string
  /** As `port`, for the listener that is not public (publish routes, metrics). */
  readonly internalPort?: number
  /** Default: `INTERNAL_PORT`; `false` when the target has no such listener. */
  readonly internalPortVariable?: string | false
  /** A target that runs already; several instances as a list. `PERF_TARGET_URL` (comma-separated) beats it and the command. */
  readonly url?: string | readonly string[]
  /** Its internal listener, where it has one. `PERF_TARGET_INTERNAL_URL` beats it. */
  readonly internalUrl?: string | readonly string[]
  /**
   * TLS of every connection to the target: for readiness, load, metrics, and a scenario's own calls. A target with a
   * `command` is then spoken to over https. @default certificates are verified against the well-known authorities
   */
  readonly tls?: TlsOptions
  /** Hosts other than this machine that load may be put on. Full scale needs them in `PERF_ALLOW_FULL_LOAD_ON` as well. */
  readonly allowRemote?: readonly string[]
  /**
   * Globs of the target's own files, from `cwd`: in watch mode it is restarted if one of them changed, added and removed
   * files included. `[]`: never.
   * @default all files of the project, of packages that the command names and of linked packages of a workspace, except
   *   those in `node_modules`, version control, reports and scenarios
   */
  readonly watch?: readonly string[]
}

const OPTIONS: readonly (keyof TargetOptions)[] = [
  ...(['command', 'cwd', 'env', 'ready', 'readyTimeout', 'instances', 'port', 'portVariable', 'internalPort'] as const),
  ...(['internalPortVariable', 'url', 'internalUrl', 'allowRemote', 'watch', 'tls'] as const),
]

/** Every mistake in the options; needs no environment. */
export function validateTarget(options: TargetOptions): readonly Problem[] {
  const problems = new Problems()
  checkKnownKeys(problems, '', options, OPTIONS)
  const { command, ready = '/healthz', readyTimeout = '30s', instances = 1 } = options
  if (command !== undefined && (!Array.isArray(command) || command.length === 0 || !command.every(isWord))) {
    problems.add('command', command, 'must be a list of program and arguments', `command: ['node', 'src/main.ts']`)
  }
  if (typeof ready !== 'string' || !ready.startsWith('/')) {
    problems.add('ready', ready, 'must be a path that starts with a slash', `ready: '/healthz'`)
  }
  checkDuration(problems, 'readyTimeout', readyTimeout)
  checkNumber(problems, 'instances', instances, { min: 1, max: 64, integer: true, example: 2 })
  for (const name of ['port', 'internalPort'] as const) {
    const fixed = options[name]
    if (fixed !== undefined) checkNumber(problems, name, fixed, { min: 1, max: 65_535, integer: true, example: 3000 })
  }
  checkTls(problems, options.tls)
  const { port, internalPort } = options
  if (port !== undefined && internalPort !== undefined && Math.abs(port - internalPort) < instances) {
    const rule = `must be ${instances} or more away from port ${port}: each instance takes the next of both`
    problems.add('internalPort', internalPort, rule, `internalPort: ${port + 100}`)
  }
  return problems.found
}

function isWord(word: unknown): boolean {
  return typeof word === 'string' && word !== ''
}

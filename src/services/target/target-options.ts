import type { TlsOptions } from '../../machine/tls.ts'
import { HOSTS } from '../../options/base-url.ts'
import type { Duration } from '../../options/checks.ts'
import { object, optional } from '../../options/schema.ts'
import { TLS } from '../../options/tls-options.ts'
import { any, duration, integer, isText, listOf, matching, text } from '../../options/values.ts'

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

const PORT = integer({ min: 1, max: 65_535, example: 3000 })

/** Addresses are checked where the target is reached, as variables of the environment come before them. */
export const TARGET = object<TargetOptions>()({
  command: optional(
    matching<readonly string[]>(isCommand, 'must be a list of program and arguments', "['node', 'src/main.ts']"),
  ),
  cwd: optional(text("'../shop'", 'must be the path of a folder')),
  env: any<TargetOptions['env']>(),
  ready: optional(
    matching<string>(
      (value) => typeof value === 'string' && value.startsWith('/'),
      'must be a path that starts with a slash',
      "'/healthz'",
    ),
    '/healthz',
  ),
  readyTimeout: optional(duration(), 30_000),
  instances: optional(integer({ min: 1, max: 64, example: 2 }), 1),
  port: optional(PORT),
  portVariable: optional(text("'PORT'", 'must be the name of an environment variable')),
  internalPort: optional(PORT),
  internalPortVariable: any<TargetOptions['internalPortVariable']>(),
  url: any<TargetOptions['url']>(),
  internalUrl: any<TargetOptions['internalUrl']>(),
  tls: optional(TLS),
  allowRemote: optional(HOSTS),
  watch: optional(listOf<string>(isText, 'globs', "['src/**']")),
}).rule(['port', 'internalPort', 'instances'], ({ port, internalPort, instances }) =>
  port !== undefined && internalPort !== undefined && Math.abs(port - internalPort) < instances
    ? {
        option: 'internalPort',
        rule: `must be ${instances} or more away from port ${port}: each instance takes the next of both`,
        example: `internalPort: ${port + 100}`,
      }
    : undefined,
)

function isCommand(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isText)
}

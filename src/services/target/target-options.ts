import type { TlsOptions } from '../../machine/tls.ts'
import { HOSTS } from '../../options/base-url.ts'
import type { Duration } from '../../options/checks.ts'
import { isRecord, object, optional, reading } from '../../options/schema.ts'
import { TLS } from '../../options/tls-options.ts'
import { any, duration, integer, isText, listOf, matching, text } from '../../options/values.ts'

/** Argument of the function `env`, for one instance of the target. */
export interface InstanceContext {
  /** Index of the instance, from 0. */
  readonly index: number
  /** Port that the instance must listen on. */
  readonly port: number
  /** Not set if there is no internal listener. */
  readonly internalPort: number | undefined
  /** Connection details of the services, by name. */
  readonly services: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Options of {@link target}: a `command` to start, or the `url` of a running target. */
export interface TargetOptions {
  /**
   * Program and arguments, e.g. `['node', 'src/main.ts']`, run without a shell. It inherits the environment without
   * Vitest's variables, plus `NODE_ENV=production`, the services' variables, the ports, and `env`.
   */
  readonly command?: readonly string[]
  /** Folder that the command runs in. @default the current folder */
  readonly cwd?: string
  /** Additional environment variables, which override all others. */
  readonly env?: Readonly<Record<string, string>> | ((instance: InstanceContext) => Readonly<Record<string, string>>)
  /** Path that responds with 2xx once the target can take load. @default `/healthz` */
  readonly ready?: string
  /**
   * Time limit for the target to become ready. A response to the readiness check may take that long; further requests are
   * sent after 2, 4, 8, … seconds. @default `'30s'`
   */
  readonly readyTimeout?: Duration
  /** Number of instances to start. VUs and sockets are distributed over them round-robin. @default 1 */
  readonly instances?: number
  /** Fixed port, incremented for each further instance. @default a free one */
  readonly port?: number
  /** Environment variable with the port. @default `PORT` */
  readonly portVariable?: string
  /** Like `port`, for the internal listener (publish routes, metrics). */
  readonly internalPort?: number
  /** Environment variable with the internal port; `false` if there is no internal listener. @default `INTERNAL_PORT` */
  readonly internalPortVariable?: string | false
  /** URL of a running target, or a list of its instances. `PERF_TARGET_URL` (comma-separated) overrides it and the command. */
  readonly url?: string | readonly string[]
  /** URL of the internal listener of a running target. `PERF_TARGET_INTERNAL_URL` overrides it. */
  readonly internalUrl?: string | readonly string[]
  /**
   * TLS options of every connection to the target: readiness, load, metrics and a scenario's own calls. A target with a
   * `command` is then reached by https. @default certificates are verified against the well-known authorities
   */
  readonly tls?: TlsOptions
  /** Hosts other than this machine that may receive load. Full scale requires them in `PERF_ALLOW_FULL_LOAD_ON` as well. */
  readonly allowRemote?: readonly string[]
  /**
   * Globs of the target's files, relative to `cwd`: in watch mode it is restarted if one of them is changed, added or
   * removed. `[]`: never.
   * @default all files of the project, of packages that the command names and of linked packages of a workspace, except
   *   those in `node_modules`, version control, reports and scenarios
   */
  readonly watch?: readonly string[]
}

/** Reader of the variables, which does not show their values. */
const ENV = reading((problems, path, value): TargetOptions['env'] => {
  const example = "env: { LOG_LEVEL: 'warn' }"
  if (isRecord(value)) {
    for (const [name, text] of Object.entries(value))
      if (typeof text !== 'string' && text !== undefined)
        problems.add(`${path}.${name}`, typeof text, 'must be a string', example)
  } else if (typeof value !== 'function')
    problems.add(path, typeof value, 'must be an object of strings, or a function that returns one', example)
  return value as TargetOptions['env']
})

const PORT = integer({ min: 1, max: 65_535, example: 3000 })

/** Reader of the options. URLs are checked on use, as environment variables override them. */
export const TARGET = object<TargetOptions>()({
  command: optional(
    matching<readonly string[]>(isCommand, 'must be a list of program and arguments', "['node', 'src/main.ts']"),
  ),
  cwd: optional(text("'../shop'", 'must be the path of a folder')),
  env: optional(ENV),
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
  portVariable: optional(matching<string>(isVariable, 'must be the name of an environment variable', "'PORT'")),
  internalPort: optional(PORT),
  internalPortVariable: optional(
    matching<string | false>(
      (value) => value === false || isVariable(value),
      'must be the name of an environment variable, or false',
      "'INTERNAL_PORT'",
    ),
  ),
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

function isVariable(value: unknown): boolean {
  return isText(value) && /^[a-z_]\w*$/i.test(value)
}

function isCommand(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isText)
}

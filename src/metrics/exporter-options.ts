import { checkHost } from '../options/base-url.ts'
import type { Duration } from '../options/checks.ts'
import { object, optional, reading } from '../options/schema.ts'
import { duration, func, integer, text } from '../options/values.ts'

/** Options of the export of scenario metrics to Prometheus. */
export interface ExporterOptions {
  /** Port of the scrape endpoint `/metrics`; 0 for any free port. @default no endpoint */
  readonly port?: number
  /** Address to listen on. @default `127.0.0.1` */
  readonly host?: string
  /** Base URL of a Pushgateway that receives metrics while scenarios run, and once at the end. */
  readonly pushgateway?: string
  /** Interval between pushes. @default `'10s'` */
  readonly pushInterval?: Duration
  /** Job of the pushed series. @default `vitest-slo` */
  readonly job?: string
  /**
   * Time for which the endpoint stays open after the last scenario, to scrape the final values; Ctrl-C ends it. In watch
   * mode it stays open until the end of the session.
   *
   * @default 0
   */
  readonly linger?: Duration
  /** Receives one line per kind of failure. @default standard error */
  readonly log?: (line: string) => void
}

/** Reader of the options. */
export const EXPORTER = object<ExporterOptions>()(
  {
    port: optional(integer({ min: 0, max: 65_535, example: 9464 })),
    host: optional(text("'127.0.0.1'", 'must be an address to listen on'), '127.0.0.1'),
    pushgateway: optional(
      reading((problems, path, value) => {
        const url = typeof value === 'string' ? URL.parse(value) : null
        if (url !== null && /^https?:$/.test(url.protocol)) checkHost(problems, path, url.hostname)
        else problems.add(path, value, 'must be an http or https URL', "pushgateway: 'http://127.0.0.1:9091'")
        return value as string
      }),
    ),
    pushInterval: optional(duration({ min: 100 }), 10_000),
    job: optional(text("'vitest-slo'"), 'vitest-slo'),
    linger: optional(duration({ min: 0 }), 0),
    log: optional(func<(line: string) => void>('(line) => console.error(line)'), (line) => {
      process.stderr.write(`${line}\n`)
    }),
  },
  { example: 'exporter: { port: 9464 }' },
).rule([], (_, { port, pushgateway }) =>
  port === undefined && pushgateway === undefined
    ? { option: 'port', rule: 'or pushgateway must be given', example: 'port: 9464' }
    : undefined,
)

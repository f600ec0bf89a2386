import type { Vu } from '../../load/vu.ts'
import type { Duration } from '../../options/checks.ts'
import { MIN_SECRET_LENGTH } from '../../options/known-secrets.ts'
import { remember } from '../../options/registered-values.ts'
import { isRecord, object, optional, readOptions, reading } from '../../options/schema.ts'
import { duration, func, matching, oneOf, text } from '../../options/values.ts'

/** A token from an identity provider. */
export interface AccessToken {
  /** The token, without `Bearer`. */
  readonly token: string
  /** Time after which the token is no longer valid. A number is in milliseconds, not in seconds. @default never */
  readonly expiresIn?: Duration
}

/** Credentials of {@link basicAuth}. */
export interface BasicAuthOptions {
  /** User name, without a colon. */
  readonly username: string
  /** Password. It is masked in reports, if it has at least 6 characters. */
  readonly password: string
}

/** A token that does not expire during the run. */
export interface FixedToken {
  /** The token, without `Bearer`. */
  readonly token: string
  /** Not allowed together with `token`. */
  readonly refresh?: undefined
}

/** A token that all VUs share. */
export interface SharedToken {
  /** Returns a new token: called once before the load, and then before each expiry. */
  readonly refresh: (context: { readonly signal: AbortSignal }) => AccessToken | Promise<AccessToken>
  /** Whose token it is. @default 'run' */
  readonly scope?: 'run'
  /** Time before the expiry at which `refresh` is called, at most half of the token's lifetime. @default '30s' */
  readonly refreshBefore?: Duration
  /** Not allowed together with `refresh`. */
  readonly token?: undefined
}

/** A token for each VU. */
export interface TokenOfVu<D> {
  /** Returns a new token for a VU: called once before the load, and then before each expiry. */
  readonly refresh: (context: {
    readonly vu: Vu<D>
    readonly signal: AbortSignal
  }) => AccessToken | Promise<AccessToken>
  /** Whose token it is. */
  readonly scope: 'vu'
  /** Time before the expiry at which `refresh` is called, at most half of the token's lifetime. @default '30s' */
  readonly refreshBefore?: Duration
  /** Not allowed together with `refresh`. */
  readonly token?: undefined
}

/** Options of {@link bearerAuth}. */
export type BearerAuthOptions<D> = FixedToken | SharedToken | TokenOfVu<D>

/** How tokens are refreshed. */
export interface TokenRefresh<D> {
  readonly scope: 'run' | 'vu'
  readonly refresh: TokenOfVu<D>['refresh']
  readonly refreshBeforeMs: number
}

/** Authentication of a run, made by `basicAuth()` or `bearerAuth()`. */
export class Auth<D = unknown> {
  /** Value of the `Authorization` header; `undefined` if it changes. */
  readonly header: string | undefined
  /** Source of the tokens; `undefined` if the header does not change. */
  readonly tokens: TokenRefresh<D> | undefined

  constructor(header: string | undefined, tokens?: TokenRefresh<D>) {
    this.header = header
    this.tokens = tokens
  }
}

/** Reader of the option `auth`. */
export const AUTH = matching<Auth<never>>(
  (value) => value instanceof Auth,
  'must be the result of basicAuth() or bearerAuth()',
  `basicAuth({ username: 'perf', password })`,
)

/** Characters that a bearer token may have (RFC 6750, 2.1); others would break the header. */
const TOKEN = /^[\w.~+/-]+=*$/

/** Rule for the tokens of the options and of `refresh`. */
export const TOKEN_RULE = 'must be a string of letters, digits and -._~+/='

/** Whether a value can be sent as a bearer token. */
export function isBearerToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value)
}

const BASIC = object<BasicAuthOptions>()(
  {
    username: matching<string>(
      (value) => typeof value === 'string' && /^[^:\p{Cc}]+$/u.test(value),
      'must be a string without a colon',
      "'perf'",
    ),
    password: text("process.env['PERF_PASSWORD']!"),
  },
  { example: `basicAuth({ username: 'perf', password })`, isSecret: true },
)

/**
 * Basic authentication (RFC 7617) of every request of a run that has no `authorization` header of its own. The password
 * is registered as a secret.
 *
 * @throws {OptionsError} naming every invalid option
 *
 * @example
 * const auth = basicAuth({ username: 'perf', password: process.env['PERF_PASSWORD'] ?? 'local-password' })
 */
export function basicAuth(options: BasicAuthOptions): Auth {
  const { username, password } = readOptions('basicAuth()', BASIC, options)
  const encoded = Buffer.from(`${username}:${password}`).toString('base64')
  for (const secret of [password, encoded]) if (secret.length >= MIN_SECRET_LENGTH) remember(secret)
  return new Auth(`Basic ${encoded}`)
}

const REFRESH_EXAMPLE = `async () => ({ token: await login(), expiresIn: '1h' })`

const FIXED = object<FixedToken>()(
  {
    token: reading((problems, path, value) => {
      // The value is not shown: it is a secret.
      const received = typeof value === 'string' ? 'a text with other characters' : typeof value
      if (!isBearerToken(value)) problems.add(path, received, TOKEN_RULE, "token: process.env['PERF_TOKEN']!")
      return value as string
    }),
    refresh: matching<undefined>((value) => value === undefined, 'must not be given with token', 'undefined'),
  },
  { example: 'bearerAuth({ token })', isSecret: true },
)

const REFRESHED = object<TokenOfVu<unknown>>()(
  {
    refresh: func<TokenOfVu<unknown>['refresh']>(REFRESH_EXAMPLE),
    scope: optional(oneOf(['run', 'vu'], 'vu'), 'run'),
    refreshBefore: optional(duration({ min: 0 }), 30_000),
    token: matching<undefined>((value) => value === undefined, 'must not be given with refresh', 'undefined'),
  },
  { example: `bearerAuth({ refresh: ${REFRESH_EXAMPLE} })` },
)

/**
 * Bearer tokens (RFC 6750) for every request of a run that has no `authorization` header of its own. Tokens are masked in
 * reports.
 *
 * `refresh` returns a token of limited validity. It is called before the load, and again in time before the token expires,
 * while requests are still sent with the old one: no request waits for it. One refresh of a token runs at a time. If it
 * fails, or takes until the token has expired, the scenario fails.
 *
 * @throws {OptionsError} naming every invalid option
 *
 * @example
 * const auth = bearerAuth({ refresh: async () => ({ token: 'token-of-perf', expiresIn: '5m' }) })
 */
export function bearerAuth(options: FixedToken | SharedToken): Auth
export function bearerAuth<D>(options: TokenOfVu<D>): Auth<D>
export function bearerAuth<D>(options: BearerAuthOptions<D>): Auth<D> {
  if (isRecord(options) && options['refresh'] === undefined && 'token' in options) {
    const { token } = readOptions('bearerAuth()', FIXED, options)
    if (token.length >= MIN_SECRET_LENGTH) remember(token)
    return new Auth<D>(`Bearer ${token}`)
  }
  const { refresh, scope, refreshBeforeMs } = readOptions('bearerAuth()', REFRESHED, options)
  return new Auth<D>(undefined, { refresh, scope, refreshBeforeMs })
}

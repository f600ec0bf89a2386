import type { ProvidedTarget } from './config/provided.ts'

/** The system under test as a scenario sees it. For preparing and publishing; load goes through `http` and `ws`. */
export interface TargetHandle {
  /** Base URL of the first instance. */
  readonly url: string
  /** Base URL of every instance. */
  readonly urls: readonly string[]
  /** The first instance's internal listener: routes that the public one does not offer. */
  readonly internal: TargetClient
}

export interface TargetClient {
  readonly url: string
  /** Sends JSON. @throws {Error} where the answer's status is 400 or above, with its first lines */
  post(path: string, body: unknown): Promise<unknown>
  get(path: string): Promise<unknown>
}

/** @throws {Error} from the first use of a target or listener that the config does not name */
export function targetHandle(target: ProvidedTarget | undefined): TargetHandle {
  return {
    get url() {
      return known(target?.urls[0], 'has no target: add `target` to definePerfConfig(), or set PERF_TARGET_URL')
    },
    get urls() {
      return target?.urls ?? []
    },
    get internal() {
      return client(
        known(target?.internalUrls[0], 'knows no internal listener of the target: set PERF_TARGET_INTERNAL_URL'),
      )
    },
  }
}

function known(url: string | undefined, problem: string): string {
  if (url === undefined) throw new Error(`This run ${problem}.`)
  return url
}

function client(url: string): TargetClient {
  const call = async (path: string, init: RequestInit) => {
    const response = await fetch(new URL(path, url), init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${init.method} ${path} answered ${response.status}: ${text.slice(0, 200)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const headers = { 'content-type': 'application/json' }
  return {
    url,
    post: (path, body) => call(path, { method: 'POST', headers, body: JSON.stringify(body) }),
    get: (path) => call(path, { method: 'GET' }),
  }
}

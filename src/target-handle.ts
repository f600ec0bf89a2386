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
  /** Why it cannot be used from here, as for `skip()`; `undefined` where it can. */
  readonly unavailable: string | undefined
  /** @throws {Error} where it cannot be used, as the calls do */
  readonly url: string
  /** Sends JSON. @throws {Error} where the answer's status is 400 or above, with its first lines */
  post(path: string, body: unknown): Promise<unknown>
  get(path: string): Promise<unknown>
}

const NO_TARGET = 'this run has no target: add `target` to definePerfConfig(), or set PERF_TARGET_URL'
const NO_INTERNAL = 'the target’s internal listener is not known here (PERF_TARGET_INTERNAL_URL)'

/** @throws {Error} from the first use of a target or listener that the config does not name */
export function targetHandle(target: ProvidedTarget | undefined): TargetHandle {
  return {
    get url() {
      return known(target?.urls[0], NO_TARGET)
    },
    get urls() {
      return target?.urls ?? []
    },
    internal: client(target?.internalUrls[0], target === undefined ? NO_TARGET : NO_INTERNAL),
  }
}

function known(url: string | undefined, problem: string): string {
  if (url === undefined) throw new Error(problem)
  return url
}

function client(url: string | undefined, problem: string): TargetClient {
  const call = async (path: string, init: RequestInit) => {
    const response = await fetch(new URL(path, known(url, problem)), init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${init.method} ${path} answered ${response.status}: ${text.slice(0, 200)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const headers = { 'content-type': 'application/json' }
  return {
    unavailable: url === undefined ? problem : undefined,
    get url() {
      return known(url, problem)
    },
    post: (path, body) => call(path, { method: 'POST', headers, body: JSON.stringify(body) }),
    get: (path) => call(path, { method: 'GET' }),
  }
}

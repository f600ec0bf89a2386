import { ask } from '../machine/ask.ts'
import type { NotedExit } from '../machine/noted-exit.ts'
import { formatMs } from '../stats/units.ts'
import type { ControlAddress, Disruption } from './disruption.ts'

/** Time limit of a request to which the main process responds immediately. */
const LIMIT_MS = 10_000

/** Time limit of starting or resetting services, far above what any needs. */
const SERVICES_LIMIT_MS = 600_000

/**
 * Requests a disruption from the process that owns target and services, and waits until it has ended and been undone.
 * @returns description of what was done
 * @throws {Error} with the message of that process if it failed
 */
export async function requestDisruption(
  control: ControlAddress,
  disruption: Disruption,
  signal: AbortSignal,
): Promise<string> {
  const body = JSON.stringify(disruption)
  const limitMs = SERVICES_LIMIT_MS + lengthOf(disruption)
  const { label } = await send<{ label: string }>(control, '/disruptions', { body, signal, limitMs })
  return label
}

/**
 * Requests that services are reset to the state after their start.
 * @param service name of the service; `undefined` for all
 * @throws {Error} with the message of that process if it failed
 */
export async function requestReset(
  control: ControlAddress,
  service: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  await send(control, '/resets', { body: JSON.stringify({ service }), signal, limitMs: SERVICES_LIMIT_MS })
}

/** The current process ids of the target, which change with a restart. */
export async function targetPidsNow(control: ControlAddress, signal: AbortSignal): Promise<readonly number[]> {
  const { pids } = await send<{ pids: readonly number[] }>(control, '/target', { signal, limitMs: LIMIT_MS })
  return pids
}

/** Unexpected exits of the target since the start of the command. */
export async function targetExits(control: ControlAddress, signal: AbortSignal): Promise<readonly NotedExit[]> {
  const { exits } = await send<{ exits: readonly NotedExit[] }>(control, '/target', { signal, limitMs: LIMIT_MS })
  return exits
}

function lengthOf(disruption: Disruption): number {
  if (disruption.kind === 'killTarget') return disruption.downMs
  return disruption.kind === 'pause' ? disruption.forMs : 0
}

interface Sending {
  readonly body?: string
  readonly signal: AbortSignal
  readonly limitMs: number
}

async function send<Content>(
  { url, token }: ControlAddress,
  path: string,
  { signal, limitMs, ...body }: Sending,
): Promise<Content> {
  signal.throwIfAborted()
  const timeUp = AbortSignal.timeout(limitMs)
  try {
    const { status, text } = await ask(`${url}${path}`, {
      method: body.body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...body,
      signal: AbortSignal.any([signal, timeUp]),
    })
    const content = JSON.parse(text) as Content & { readonly error?: string }
    if (status !== 200) throw new Error(content.error ?? `status ${status}`)
    return content
  } catch (error) {
    signal.throwIfAborted()
    if (timeUp.aborted)
      throw new Error(`the main process did not respond within ${formatMs(limitMs)}`, { cause: error })
    throw error
  }
}

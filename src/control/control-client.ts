import type { NotedExit } from '../machine/noted-exit.ts'
import type { ControlAddress, Disruption } from './disruption.ts'

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
  const { label } = await send<{ label: string }>(control, '/disruptions', { body: JSON.stringify(disruption), signal })
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
  await send(control, '/resets', { body: JSON.stringify({ service }), signal })
}

/** The current process ids of the target, which change with a restart. */
export async function targetPidsNow(control: ControlAddress, signal: AbortSignal): Promise<readonly number[]> {
  const { pids } = await send<{ pids: readonly number[] }>(control, '/target', { signal })
  return pids
}

/** Unexpected exits of the target since the start of the command. */
export async function targetExits(control: ControlAddress, signal: AbortSignal): Promise<readonly NotedExit[]> {
  const { exits } = await send<{ exits: readonly NotedExit[] }>(control, '/target', { signal })
  return exits
}

async function send<Content>(
  { url, token }: ControlAddress,
  path: string,
  { body, signal }: { readonly body?: string; readonly signal: AbortSignal },
): Promise<Content> {
  const response = await fetch(new URL(path, url), {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body }),
    signal,
  })
  const content = (await response.json()) as Content & { readonly error?: string }
  if (!response.ok) throw new Error(content.error ?? `status ${response.status}`)
  return content
}

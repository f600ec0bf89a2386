import type { ControlAddress, Disruption } from './disruption.ts'

/**
 * Has the process that owns target and services carry out a disruption, and waits until it is over and undone.
 * @returns what was done, in words
 * @throws {Error} with its message where it could not be done
 */
export async function order(control: ControlAddress, disruption: Disruption, signal: AbortSignal): Promise<string> {
  const { label } = await ask<{ label: string }>(control, '/disruptions', { body: JSON.stringify(disruption), signal })
  return label
}

/**
 * Has it put its services back into the state after their start.
 * @param service only the one of that name; left out: all
 * @throws {Error} with its message if that fails
 */
export async function orderReset(
  control: ControlAddress,
  service: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  await ask(control, '/resets', { body: JSON.stringify({ service }), signal })
}

/** The target's processes as they are now: one that was killed and started again has another. */
export async function targetPidsNow(control: ControlAddress, signal: AbortSignal): Promise<readonly number[]> {
  const { pids } = await ask<{ pids: readonly number[] }>(control, '/target', { signal })
  return pids
}

async function ask<Content>(
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

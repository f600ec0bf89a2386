import type { ControlAddress, Disruption } from '../run/disruption.ts'

/**
 * Has the process that owns target and services carry out a disruption, and waits until it is over and undone.
 * @returns what was done, in words
 * @throws {Error} with its message where it could not be done
 */
export function order(control: ControlAddress, disruption: Disruption, signal: AbortSignal): Promise<string> {
  return ask(control.url, control, disruption, signal)
}

/** Has it put its services back into the state after their start. @throws {Error} with its message where that fails */
export async function orderReset(control: ControlAddress, signal: AbortSignal): Promise<void> {
  await ask(new URL('/resets', control.url), control, {}, signal)
}

async function ask(url: string | URL, { token }: ControlAddress, body: object, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
  const { label, error } = (await response.json()) as { readonly label?: string; readonly error?: string }
  if (label === undefined) throw new Error(error ?? `status ${response.status}`)
  return label
}

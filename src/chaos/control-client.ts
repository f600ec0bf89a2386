import type { ControlAddress, Disruption } from '../run/disruption.ts'

/**
 * Has the process that owns target and services carry out a disruption, and waits until it is over and undone.
 * @returns what was done, in words
 * @throws {Error} with its message where it could not be done
 */
export async function order(
  { url, token }: ControlAddress,
  disruption: Disruption,
  signal: AbortSignal,
): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(disruption),
    signal,
  })
  const { label, error } = (await response.json()) as { readonly label?: string; readonly error?: string }
  if (label === undefined) throw new Error(error ?? `status ${response.status}`)
  return label
}

/** The message by which Vitest cancels the run of a worker. */
let held: unknown

/** Remembers a message that cancels the run. Vitest loses it while its worker is starting. */
export function holdCancel(message: { readonly m?: unknown }): void {
  if (message.m === 'onCancel') held = message
}

/**
 * Passes the cancellation of a run that came while this worker was starting to Vitest again, which then skips all tests.
 * Called when a scenario file is imported: by then Vitest listens. If it has received the message, nothing changes.
 */
export function deliverCancel(): void {
  if (held !== undefined) process.emit('message', held, undefined)
}

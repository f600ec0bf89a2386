let registered: readonly string[] = []

/** Every value that `secret()` was called with in this process. The same list as long as nothing is added. */
export function registeredSecrets(): readonly string[] {
  return registered
}

/** Adds a value, once. */
export function remember(value: string): void {
  if (!registered.includes(value)) registered = [...registered, value]
}

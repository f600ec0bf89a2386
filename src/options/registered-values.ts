let registered: readonly string[] = []

/** Every value passed to `secret()` in this process. The same list until a value is added. */
export function registeredSecrets(): readonly string[] {
  return registered
}

/** Adds a value, once. */
export function remember(value: string): void {
  if (!registered.includes(value)) registered = [...registered, value]
}

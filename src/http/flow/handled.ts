/** Marks the rejection of a promise as handled: it has been counted or reported already, even if the flow drops it. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

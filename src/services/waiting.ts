/** Resolves after `ms`, without keeping the process alive. */
export function timeout(ms: number): Promise<'timeout'> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, 'timeout').unref()
  })
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<'aborted'> {
  const { promise, resolve } = Promise.withResolvers<'aborted'>()
  if (signal.aborted) resolve('aborted')
  else signal.addEventListener('abort', () => resolve('aborted'), { once: true })
  return promise
}

/**
 * Does something once, and passes its value or its error to all generators. Each must call it for the same things in the same
 * order. The value must be one that `structuredClone()` accepts.
 *
 * @param what names it in errors
 * @param options.by index of the generator that does it. Default: the first to come
 */
export type OnOneGenerator = <T>(
  what: string,
  compute: () => Promise<T>,
  options?: { readonly by?: number },
) => Promise<T>

/** What a generator does that is the only one. */
export const alone: OnOneGenerator = (_, compute) => compute()

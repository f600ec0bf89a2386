import type { OnOneGenerator } from '../evidence/on-one-generator.ts'

/** What each of several generators in this process has, of which the first one does everything. */
export function onFirstOf(count: number): readonly OnOneGenerator[] {
  const values = new Map<string, PromiseWithResolvers<unknown>>()
  const valueOf = (key: string) => {
    const known = values.get(key) ?? Promise.withResolvers<unknown>()
    values.set(key, known)
    return known
  }
  return Array.from({ length: count }, (_, index) => {
    let calls = 0
    return async <T>(what: string, compute: () => Promise<T>) => {
      const value = valueOf(`${what} ${calls++}`)
      if (index === 0) value.resolve(structuredClone(await compute()))
      return (await value.promise) as T
    }
  })
}

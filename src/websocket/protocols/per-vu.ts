import type { Vu } from '../../load/vu.ts'
import { isRecord, type Reader } from '../../options/schema.ts'
import { matching } from '../../options/values.ts'

type PerVu<T, D> = T | ((vu: Vu<D>) => T)

/** A string, or a function of the VU that returns one. @param example a legal value as code */
export function textPerVu<D>(example: string): Reader<PerVu<string, D>> {
  return matching(
    (value) => typeof value === 'string' || typeof value === 'function',
    'must be a string, or a function of the VU that returns one',
    example,
  )
}

/** An object, or a function of the VU that returns one. @param example a legal value as code */
export function objectPerVu<T extends object, D>(example: string): Reader<PerVu<T, D>> {
  return matching(
    (value) => isRecord(value) || typeof value === 'function',
    'must be an object, or a function of the VU that returns one',
    example,
  )
}

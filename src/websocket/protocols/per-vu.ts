import { isAsyncFunction } from 'node:util/types'
import { wrongReturn } from '../../execution/checked-function.ts'
import type { Vu } from '../../load/vu.ts'
import { choose, isRecord, map, type Reader } from '../../options/schema.ts'
import { matching } from '../../options/values.ts'
import { pathOfPromise } from '../returned-values.ts'

/** Returns the value of an option for a VU. */
type Value<T, D> = (vu: Vu<D>) => T

/** What values an option has. */
interface Kind<T> {
  readonly isValid: (value: unknown) => value is T
  /** Completes `must be …`. */
  readonly name: string
}

const TEXT: Kind<string> = { isValid: (value) => typeof value === 'string', name: 'a string' }
const OBJECT: Kind<Readonly<Record<string, unknown>>> = {
  isValid: (value): value is Readonly<Record<string, unknown>> => isRecord(value) && pathOfPromise(value) === undefined,
  name: 'an object without promises',
}
const TEXTS: Kind<Readonly<Record<string, string>>> = {
  isValid: (value): value is Readonly<Record<string, string>> =>
    isRecord(value) && pathOfPromise(value) === undefined && Object.values(value).every((it) => typeof it === 'string'),
  name: 'an object of strings',
}

/**
 * A string, or a function of the VU that returns one.
 *
 * @param name the option in errors: `mqtt({ username })`
 * @param example a legal value as code
 */
export function textPerVu<D>(name: string, example: string): Reader<Value<string, D>> {
  return perVu(name, TEXT, example)
}

/** An object, or a function of the VU that returns one. */
export function objectPerVu<D>(name: string, example: string): Reader<Value<Readonly<Record<string, unknown>>, D>> {
  return perVu(name, OBJECT, example)
}

/** An object of strings, or a function of the VU that returns one. */
export function textsPerVu<D>(name: string, example: string): Reader<Value<Readonly<Record<string, string>>, D>> {
  return perVu(name, TEXTS, example)
}

function perVu<T, D>(name: string, { isValid, name: valid }: Kind<T>, example: string): Reader<Value<T, D>> {
  const given = choose<T | ((vu: Vu<D>) => unknown)>((value) =>
    isAsyncFunction(value)
      ? matching(
          () => false,
          'must be a function that is not async, as each connection needs its result at once; get credentials before the run and give them as data',
          example,
        )
      : matching(
          (it) => typeof it === 'function' || isValid(it),
          `must be ${valid}, or a function of the VU that returns one`,
          example,
        ),
  )
  return map(given, (option) => {
    if (typeof option !== 'function') return () => option
    return (vu) => {
      const value = (option as (vu: Vu<D>) => unknown)(vu)
      if (isValid(value)) return value
      throw wrongReturn(name, value, valid, 'connection')
    }
  })
}

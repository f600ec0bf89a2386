import { LOAD } from '../load/builders.ts'
import type { Load } from '../load/load.ts'
import { mistakesIn } from '../options/schema.ts'

/** Whether a value is a load. */
export function isLoad(value: unknown): value is Load {
  return mistakesIn(LOAD, value).length === 0
}

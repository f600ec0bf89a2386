import { checkLoad } from '../load/builders.ts'
import type { Load } from '../load/load.ts'
import { Problems } from '../options/problems.ts'

/** Whether a value is a load. */
export function isLoad(value: unknown): value is Load {
  return checkLoad(new Problems(), 'load', value) !== undefined
}

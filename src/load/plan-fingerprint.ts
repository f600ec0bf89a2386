import { createHash, hash } from 'node:crypto'
import { redactText } from '../options/redact.ts'
import { registeredSecrets } from '../options/registered-values.ts'
import { shortened } from '../options/shortened.ts'
import type { Scale } from './scale.ts'

/** What must be equal on all generators that divide a run. */
export interface DividedPlan {
  /** Name of the run. */
  readonly name: string
  /** Position of the run among those of its scenario, from 1. */
  readonly ordinal: number
  /** Load after scaling, with its warm-up: a load of `builders.ts`, or the numbers of a fan-out. */
  readonly load: object
  readonly seed: number | string
  readonly scale: Scale
  /** Version of this package. */
  readonly version: string
  /** Version of Node; only its major version counts. @default process.version */
  readonly node?: string
  /** Rows of `data`; only their digest is kept. */
  readonly rows: readonly unknown[]
}

/** A plan in a form that generators can exchange and compare. It contains no row of `data` and no secret. */
export interface PlanFingerprint {
  /** Digest of all fields: equal if and only if the fields are. */
  readonly digest: string
  /** Values by field, such as `load.ratePerSec`: `50`. */
  readonly fields: Readonly<Record<string, string>>
}

/** A field in which two plans differ. */
export interface PlanDifference {
  readonly field: string
  /** `absent` if one of the plans does not have it. */
  readonly own: string
  readonly other: string
}

const LONGEST_VALUE = 80

/** Fingerprint of a plan: the same for equal plans, whatever the machine and the order of properties. */
export function fingerprintPlan(plan: DividedPlan): PlanFingerprint {
  const { name, ordinal, load, seed, scale, version, node = process.version, rows } = plan
  const fields = Object.fromEntries([
    ...leavesOf('name', name),
    ...leavesOf('ordinal', ordinal),
    ...leavesOf('load', load),
    // As `Random` reads them: 1 and '1' are the same seed.
    ...leavesOf('seed', String(seed)),
    ...leavesOf('scale', scale),
    ...leavesOf('version', version),
    ...leavesOf('node', node.split('.', 1)[0]),
    ['data', digestOf(rows)],
  ])
  return { digest: hash('sha256', JSON.stringify(Object.entries(fields).toSorted(byKey))), fields }
}

/** Fields in which plans differ, in the order of the own plan: `Math.random()` in a load makes one of `load` differ. */
export function planDifferences(own: PlanFingerprint, other: PlanFingerprint): readonly PlanDifference[] {
  const all = new Set([...Object.keys(own.fields), ...Object.keys(other.fields)])
  return [...all].flatMap((field) => {
    const [here, there] = [own.fields[field], other.fields[field]]
    return here === there ? [] : [{ field, own: here ?? 'absent', other: there ?? 'absent' }]
  })
}

/** The values that an object consists of, by path. */
function leavesOf(path: string, value: unknown): [field: string, value: string][] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value.flatMap((item, at) => leavesOf(`${path}[${at}]`, item))
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, item]) => leavesOf(`${path}.${key}`, item))
  return [[path, shown(value)]]
}

/** A long value, of which only the beginning is shown, also has its digest. A secret is masked, and not part of the digest. */
function shown(value: unknown): string {
  const text = redactText(typeof value === 'string' ? JSON.stringify(value) : String(value), registeredSecrets())
  return text.length <= LONGEST_VALUE
    ? text
    : `${shortened(text, LONGEST_VALUE)} (${hash('sha256', text).slice(0, 12)})`
}

function digestOf(rows: readonly unknown[]): string {
  const all = createHash('sha256')
  for (const row of rows) all.update(canonical(row)).update('\n')
  return `${rows.length} rows, digest ${all.digest('hex').slice(0, 16)}`
}

/** A value as text that does not depend on the order of properties. Values of different types never have the same text. */
function canonical(value: unknown, above: readonly object[] = []): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null) return String(value)
  if (above.includes(value)) return `cycle ${above.length - above.indexOf(value)}`
  const path = [...above, value]
  const list = (items: Iterable<unknown>) => Array.from(items, (item) => canonical(item, path)).join(',')
  if (Array.isArray(value)) return `[${list(value)}]`
  if (value instanceof Date) return `Date ${value.getTime()}`
  if (value instanceof RegExp) return `RegExp ${String(value)}`
  if (value instanceof Map) return `Map [${list(value)}]`
  if (value instanceof Set) return `Set [${list(value)}]`
  if (ArrayBuffer.isView(value)) return `bytes ${bytesOf(value).toString('hex')}`
  const entries = Object.entries(value).toSorted(byKey)
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, path)}`).join(',')}}`
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

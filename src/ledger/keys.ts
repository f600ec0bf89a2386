import { isIP, SocketAddress } from 'node:net'
import { inSlices } from '../machine/slices.ts'

/**
 * Comparison of the keys of a column: `uuid` ignores case, hyphens and braces; `number` compares values; `padded` ignores
 * the blanks that `char(n)` adds; `uncased` (`citext`) ignores case; `address` (`inet`, `cidr`) compares values, with an
 * optional mask for a full address; `text` compares verbatim.
 */
export type KeyType = 'text' | 'uuid' | 'number' | 'padded' | 'uncased' | 'address'

/** Key type by Postgres' identifier of a built-in type, or by the name of an extension's type. */
export function keyTypeOf(typeId: number, name?: string): KeyType {
  if (name === 'citext') return 'uncased'
  return TYPES.get(typeId) ?? 'text'
}

const TYPES: ReadonlyMap<number, KeyType> = new Map([
  [2950, 'uuid'],
  ...[20, 21, 23, 26, 700, 701, 1700].map((id): [number, KeyType] => [id, 'number']),
  [1042, 'padded'],
  [869, 'address'],
  [650, 'address'],
])

/** Canonical form of a single-column key: equal keys are equal strings. */
export function canonicalKey(key: string, type: KeyType): string {
  switch (type) {
    case 'uuid':
      return canonicalUuid(key)
    case 'number':
      return canonicalNumber(key)
    case 'padded':
      return key.replace(/ +$/, '')
    case 'uncased':
      return key.toLowerCase()
    case 'address':
      return canonicalAddress(key)
    default:
      return key
  }
}

/** Whether a value is a UUID as drivers and RFC 9562 write it, in any case. */
export function isUuid(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
}

function canonicalUuid(key: string): string {
  // The usual form, in a fraction of the time: a history has many keys.
  if (isUuid(key)) return key.toLowerCase()
  const digits = key.trim().replace(/[{}-]/g, '').toLowerCase()
  return /^[0-9a-f]{32}$/.test(digits) ? digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : key
}

function canonicalAddress(key: string): string {
  const [address = '', mask, ...others] = key.trim().split('/')
  const version = isIP(address)
  if (version === 0 || others.length > 0) return key
  const shown = version === 6 ? new SocketAddress({ address, family: 'ipv6' }).address : address
  return mask === undefined || mask === (version === 6 ? '128' : '32') ? shown : `${shown}/${mask}`
}

const NUMBER = /^\s*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,4}))?\s*$/

/** `+007.50` and `75e-1` are `7.5`. */
function canonicalNumber(key: string): string {
  const match = NUMBER.exec(key)
  const [, sign, whole = '', fraction = '', exponent = '0'] = match ?? []
  if (whole + fraction === '') return key
  // Number of digits before the point.
  const point = whole.length + Number(exponent)
  const digits = ('0'.repeat(Math.max(0, -point)) + whole + fraction).padEnd(point, '0')
  const left = digits.slice(0, Math.max(0, point)).replace(/^0+/, '') || '0'
  const right = digits.slice(Math.max(0, point)).replace(/0+$/, '')
  const value = right === '' ? left : `${left}.${right}`
  return sign === '-' && value !== '0' ? `-${value}` : value
}

/** Parts of a composite key as one string, as histories record it and messages show it. */
export function compositeKey(parts: readonly string[]): string {
  return JSON.stringify(parts)
}

/** Key for a message; a composite key shows its parts. */
export function showKey(key: string): string {
  return key.startsWith('["') ? key : JSON.stringify(key)
}

/** The only difference between lost and unexpected keys. */
export type Likeness = 'case' | 'spaces' | 'case and spaces' | 'Unicode normal form'

/** @returns the difference between lost and unexpected keys, if each lost key resembles an unexpected one */
export async function likenessOf(
  lost: readonly string[],
  unexpected: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<Likeness | undefined> {
  if (lost.length === 0 || lost.length !== unexpected.size) return undefined
  const alike = async (fold: (key: string) => string) => {
    const folded = new Set<string>()
    await inSlices(unexpected, signal, (key) => folded.add(fold(key)))
    let areAlike = true
    await inSlices(lost, signal, (key) => (areAlike &&= folded.has(fold(key))))
    return areAlike
  }
  if (await alike((key) => key.toLowerCase())) return 'case'
  if (await alike((key) => key.trim())) return 'spaces'
  if (await alike((key) => key.trim().toLowerCase())) return 'case and spaces'
  return (await alike((key) => key.normalize('NFC'))) ? 'Unicode normal form' : undefined
}

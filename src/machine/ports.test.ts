import { expect, test } from 'vitest'
import { loopbackSources, portRange, portsPerSource, quickPortsPerSource, sourcesFor } from './ports.ts'

const RANGE = { first: 32_768, last: 60_999, setting: 'net.ipv4.ip_local_port_range', widen: 'sysctl …' }

test.runIf(process.platform === 'linux')('reads the range of this system', () => {
  const { first, last, setting } = portRange()
  expect(setting).toBe('net.ipv4.ip_local_port_range')
  expect(last).toBeGreaterThan(first)
})

test.runIf(process.platform === 'linux')(
  'returns addresses of 127.0.0.0/8 on Linux for a target there, and none for other targets',
  () => {
    const sources = loopbackSources('127.0.0.1')(300)
    expect(new Set(sources).size).toBe(300)
    expect(sources.every((address) => /^127\.0\.\d{1,3}\.(?!0$|255$)\d{1,3}$/.test(address))).toBe(true)
    expect(loopbackSources('192.0.2.1')(3)).toEqual([])
    expect(loopbackSources('::1')(3)).toEqual([])
  },
)

test('lets the system choose the source address for few connections', () => {
  const sources = () => expect.unreachable('no address needed')
  expect(sourcesFor(quickPortsPerSource(RANGE), RANGE, sources)).toEqual([])
})

test('returns as many source addresses as make connecting fast, or as there are if they have enough ports', () => {
  const all = (count: number) => Array.from({ length: count }, (_, at) => `127.0.0.${at + 1}`)
  expect(sourcesFor(10_000, RANGE, all)).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3'])
  const two = (count: number) => all(Math.min(2, count))
  expect(sourcesFor(2 * portsPerSource(RANGE), RANGE, two)).toEqual(['127.0.0.1', '127.0.0.2'])
  expect(sourcesFor(2 * portsPerSource(RANGE) + 1, RANGE, two)).toBeUndefined()
  expect(sourcesFor(portsPerSource(RANGE), RANGE, () => [])).toEqual([])
  expect(sourcesFor(portsPerSource(RANGE) + 1, RANGE, () => [])).toBeUndefined()
})

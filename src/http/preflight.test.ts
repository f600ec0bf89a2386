import { expect, onTestFinished, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { setHostPolicy } from '../machine/allowed-hosts.ts'
import { engineFor } from '../testing/scripted-server.ts'
import { checkDescriptors, spread } from './preflight.ts'

const PORTS = { first: 32_768, last: 60_999, setting: 'net.ipv4.ip_local_port_range', widen: 'sysctl …' }

test('names the needed number of descriptors and the command that allows it', () => {
  expect(() => checkDescriptors(800, { limit: 1024, reserved: 200, connections: 824 })).not.toThrow()
  expect(() => checkDescriptors(800, { limit: 1024, reserved: 200, connections: 824 }, 400)).toThrow(
    '1,200 connections, 400 of them of runs in parallel, need 1,400 file descriptors',
  )
  expect(() => checkDescriptors(10_000, { limit: 1024, reserved: 200, connections: 824 })).toThrow(
    '10,000 connections need 10,200 file descriptors, but this process may open only 1,024.\n' +
      'Fix: run ulimit -n 10200 in the shell that starts it (ulimit -Hn prints the hard limit), use several generators, definePerfConfig({ generators: 4 }), or lower vus',
  )
})

test.runIf(process.platform === 'linux')(
  'uses further source addresses of the loopback network before the ports of one are used up',
  () => {
    const few = spread(['127.0.0.1'], 3_000, PORTS)
    expect([few(0), few(2_999)]).toEqual([
      { address: '127.0.0.1', localAddress: undefined },
      { address: '127.0.0.1', localAddress: undefined },
    ])
    const many = spread(['127.0.0.1'], 60_000, PORTS)
    const perSource = new Map<string | undefined, number>()
    for (let index = 0; index < 60_000; index++) {
      const { localAddress } = many(index)
      perSource.set(localAddress, (perSource.get(localAddress) ?? 0) + 1)
    }
    expect([...perSource.keys()].slice(0, 3)).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    expect(perSource.size).toBe(18)
    expect(Math.max(...perSource.values())).toBe(3_334)
  },
)

test('spreads connections over all addresses of a host, and rejects too many for all of them', () => {
  const route = spread(['10.0.0.1', '10.0.0.2'], 40_000, PORTS)
  expect([route(0).address, route(1).address, route(2).address]).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.1'])
  expect(() => spread(['10.0.0.1'], 40_000, PORTS)).toThrow(
    '40,000 connections to 10.0.0.1 need more than the 27,232 local ports that are available ' +
      '(net.ipv4.ip_local_port_range is 32768–60999).\nFix: widen the range with sysctl …, or lower vus',
  )
})

test('rejects more VUs than the process may open descriptors, before any load', async () => {
  const { http, results } = engineFor('http://127.0.0.1:1')
  const load = sharedIterations({ iterations: 1, vus: 1_000_000 })
  await expect(http.run({ load, request: { path: '/' } })).rejects.toThrow(
    /1,000,000 connections need .*\nFix: run ulimit -n/,
  )
  expect(results).toEqual([])
})

test('rejects an unresolvable host', async () => {
  setHostPolicy({ allowRemote: ['nowhere.invalid'] })
  onTestFinished(() => setHostPolicy({ allowRemote: [] }))
  const { http } = engineFor('http://nowhere.invalid')
  const load = sharedIterations({ iterations: 1, vus: 1 })
  await expect(http.run({ load, request: { path: '/' } })).rejects.toThrow(
    /the host of http:\/\/nowhere\.invalid cannot be resolved \(E[A-Z_]+\)\.\nFix: correct the host name in baseUrl$/,
  )
})

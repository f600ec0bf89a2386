import { expect, onTestFinished, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { setHostPolicy } from '../machine/allowed-hosts.ts'
import { engineFor } from '../testing/scripted-server.ts'
import { checkDescriptors, spread } from './preflight.ts'

test('descriptors that do not suffice: how many it takes, and the command that gives them', () => {
  expect(() => checkDescriptors(900, 1024, 20)).not.toThrow()
  expect(() => checkDescriptors(10_000, 1024, 20)).toThrow(
    '10,000 connections need 10,084 descriptors, and this process may open 1,024. Raise the limit in the shell that starts it: ulimit -n 10084',
  )
})

test.runIf(process.platform === 'linux')(
  'beyond the ports of one address, connections come from others of the loopback network',
  () => {
    const few = spread(['127.0.0.1'], 25_000, 28_232)
    expect([few(0), few(24_999)]).toEqual([
      { address: '127.0.0.1', localAddress: undefined },
      { address: '127.0.0.1', localAddress: undefined },
    ])
    const many = spread(['127.0.0.1'], 60_000, 28_232)
    const perSource = new Map<string | undefined, number>()
    for (let index = 0; index < 60_000; index++) {
      const { localAddress } = many(index)
      perSource.set(localAddress, (perSource.get(localAddress) ?? 0) + 1)
    }
    expect([...perSource.keys()]).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    expect(Math.max(...perSource.values())).toBeLessThan(28_232)
  },
)

test('several addresses of a host share the connections; too many for all of them is an error with a command', () => {
  const route = spread(['10.0.0.1', '10.0.0.2'], 40_000, 28_232)
  expect([route(0).address, route(1).address, route(2).address]).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.1'])
  expect(() => spread(['10.0.0.1'], 40_000, 28_232)).toThrow(
    /40,000 connections to 10\.0\.0\.1 need more than the 28,232 local ports there are\. .*sysctl -w net\.ipv4\.ip_local_port_range/,
  )
})

test('more VUs than this process may open files is an error before any load', async () => {
  const { http, results } = engineFor('http://127.0.0.1:1')
  const load = sharedIterations({ iterations: 1, vus: 100_000_000 })
  await expect(http.run({ load, request: { path: '/' } })).rejects.toThrow(/100,000,000 connections need .* ulimit -n/)
  expect(results).toEqual([])
})

test('a host that is none', async () => {
  setHostPolicy({ allowRemote: ['nowhere.invalid'] })
  onTestFinished(() => setHostPolicy({ allowRemote: [] }))
  const { http } = engineFor('http://nowhere.invalid')
  const load = sharedIterations({ iterations: 1, vus: 1 })
  await expect(http.run({ load, request: { path: '/' } })).rejects.toThrow(
    /the host of http:\/\/nowhere\.invalid cannot be resolved \(E[A-Z_]+\): check baseUrl/,
  )
})

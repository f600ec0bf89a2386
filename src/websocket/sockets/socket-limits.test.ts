import { expect, test } from 'vitest'
import { constantVus } from '../../load/builders.ts'
import { Problems } from '../../options/problems.ts'
import { load } from '../../testing/truth-websocket.ts'
import { planSockets, type Limits } from './socket-limits.ts'
import { checkSources } from './source-addresses.ts'

const LINUX: Limits = {
  memoryBytes: 24e9,
  descriptors: { limit: 20_000, reserved: 200, connections: 19_800 },
  ports: { first: 32_768, last: 60_999, setting: 'net.ipv4.ip_local_port_range', widen: 'sysctl …' },
  sources: (count) => Array.from({ length: count }, (_, at) => `127.0.0.${at + 1}`),
}

function lay(connections: number, limits = LINUX, wanted: { processes?: number; sources?: string[] } = {}) {
  const problems = new Problems()
  const layout = planSockets(
    problems,
    { option: 'connections', sockets: connections, instances: 1 },
    { processes: wanted.processes, sources: wanted.sources },
    limits,
  )
  return { ...layout, problems: problems.found }
}

test('keeps few sockets in this process, on the address that the system chooses', () => {
  expect(lay(3_000)).toEqual({ processes: 1, sources: [], problems: [] })
})

test('adds processes for more sockets than descriptors, and addresses for more than an eighth of the ports', () => {
  expect(lay(10_000)).toEqual({ processes: 1, sources: ['127.0.0.1', '127.0.0.2', '127.0.0.3'], problems: [] })
  expect(lay(19_800)).toMatchObject({ processes: 1, problems: [] })
  expect(lay(50_000)).toMatchObject({ processes: 3, problems: [] })
  expect(lay(50_000).sources).toHaveLength(15)
})

test('uses the given number of processes, and rejects too few with the limit and the command', () => {
  expect(lay(10_000, LINUX, { processes: 4 })).toMatchObject({ processes: 4, problems: [] })
  expect(lay(50_000, LINUX, { processes: 2 }).problems).toMatchObject([
    {
      path: 'processes',
      received: 2,
      rule: 'must be at least 3 for 50,000 sockets: each process would need 25,200 descriptors and may open 20,000; raise that with ulimit -n 25200',
      fix: 'write, for example, processes: 3',
    },
  ])
})

test('rejects more sockets to an external target than one address has ports', () => {
  const external = { ...LINUX, sources: () => [] }
  expect(lay(27_000, external)).toMatchObject({ sources: [], problems: [] })
  const [problem] = lay(28_000, external).problems
  expect(problem).toMatchObject({ path: 'sourceAddresses', received: undefined })
  expect(problem!.rule).toMatch(
    /at least 2 addresses .* 28,000 sockets .* 27,232 ports to spare .* is 32768–60999; widen it with sysctl …/,
  )
  expect(lay(28_000, external, { sources: ['192.0.2.1', '192.0.2.2'] }).problems).toEqual([])
})

test('rejects more sockets than a sane number of processes can hold', () => {
  expect(lay(50_000_000).problems).toMatchObject([
    {
      path: 'processes',
      rule: 'must be at least 2,526 for 50,000,000 sockets, as each process may open 20,000 descriptors, and at most 64 on one machine',
      fix: 'open at most 1,267,200 sockets from this machine, raise its limit with ulimit -n, or add generators',
    },
  ])
})

test('rejects more sockets than the memory can hold, with the number that it can', () => {
  const small = { ...LINUX, memoryBytes: 512e6 }
  expect(lay(30_000, small).problems).toEqual([])
  expect(lay(40_000, small).problems).toMatchObject([
    {
      path: 'connections',
      rule:
        'must not need more than 30,166 sockets, and needs 40,000: each takes at least 12 KB of the ' +
        "generator's memory, and 488 MiB are available",
      fix: 'open at most 30,166 sockets from this machine, give it more memory, or add generators on other machines',
    },
  ])
  expect(lay(1, { ...LINUX, memoryBytes: 5000 }).problems).toMatchObject([{ path: 'connections' }])
})

test('starts no more processes than there are sockets at a reduced scale', () => {
  expect(lay(2, LINUX, { processes: 4 })).toMatchObject({ processes: 2, problems: [] })
})

test('names source addresses that this machine does not have', async () => {
  const problems = new Problems()
  await checkSources(problems, ['127.0.0.1', '192.0.2.7'])
  expect(problems.found).toMatchObject([
    { path: 'sourceAddresses', received: ['192.0.2.7'], rule: 'must be addresses of this machine' },
  ])
})

test('rejects more processes than connections, and more than one machine should have', async () => {
  const ws = load({ url: 'http://127.0.0.1:9' })
  const options = { path: '/', connections: 4, identify: () => 'other' as const, duration: '1s' as const }
  await expect(ws.fanOut({ ...options, processes: 5 })).rejects.toThrow('must not be more than the connections (4)')
  await expect(ws.fanOut({ ...options, connections: 4000, processes: 1000 })).rejects.toThrow('processes: ')
  const conversation = { path: '/', load: constantVus({ vus: 2, duration: '1s' as const }), steps: { send: 'x' } }
  await expect(ws.run({ ...conversation, processes: 3 })).rejects.toThrow('must not be more than the connections (2)')
})

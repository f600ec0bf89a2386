import { expect, test } from 'vitest'
import { Problems } from '../../options/problems.ts'
import { layOut, type Limits } from './socket-limits.ts'
import { loopbackSources } from './source-addresses.ts'

const LINUX: Limits = {
  descriptors: 20_000,
  ports: { first: 32_768, last: 60_999, setting: 'net.ipv4.ip_local_port_range', widen: 'sysctl …' },
  sources: (count) => Array.from({ length: count }, (_, at) => `127.0.0.${at + 1}`),
}

function lay(connections: number, limits = LINUX, wanted: { processes?: number; sources?: string[] } = {}) {
  const problems = new Problems()
  const layout = layOut(
    problems,
    { sockets: connections, instances: 1 },
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
  const elsewhere = { ...LINUX, sources: () => [] }
  expect(lay(27_000, elsewhere)).toMatchObject({ sources: [], problems: [] })
  const [problem] = lay(28_000, elsewhere).problems
  expect(problem).toMatchObject({ path: 'sourceAddresses', received: undefined })
  expect(problem!.rule).toMatch(
    /at least 2 addresses .* 28,000 sockets .* 27,232 ports to spare .* is 32768–60999; widen it with sysctl …/,
  )
  expect(lay(28_000, elsewhere, { sources: ['192.0.2.1', '192.0.2.2'] }).problems).toEqual([])
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

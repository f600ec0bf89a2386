import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { containersSkipped } from '../../fixtures/services/containers.ts'
import { testContext } from '../../fixtures/services/context.ts'
import { findEngine, RUN_LABEL } from '../services/engine.ts'
import { redis } from '../services/redis/redis.ts'
import { containerCpu, countCpus } from './container-cpu.ts'

const skipped = await containersSkipped()
if (skipped) console.info(`The CPU of a real container is skipped: ${skipped}`)

interface Container {
  readonly cpuSec: number
  readonly HostConfig?: object
}

const UNLIMITED = { NanoCpus: 0, CpuQuota: 0, CpuPeriod: 0, CpusetCpus: '' }

/** Starts an engine with these containers on a machine of 8 cores. @returns the variables that name it */
async function engineWith(containers: Readonly<Record<string, Container>>) {
  const folder = await mkdtemp(join(tmpdir(), 'slo-engine-'))
  const server = createServer((request, response) => {
    const [, name = '', what] =
      /^\/containers\/([^/]+)\/(stats\?stream=false&one-shot=true|json)$/.exec(request.url!) ?? []
    const found = containers[decodeURIComponent(name)]
    response.statusCode = found === undefined ? 404 : 200
    const stats = { cpu_stats: { cpu_usage: { total_usage: (found?.cpuSec ?? 0) * 1e9 }, online_cpus: 8 } }
    const inspected = { HostConfig: { ...UNLIMITED, ...found?.HostConfig } }
    const content = what === 'json' ? inspected : stats
    response.end(JSON.stringify(found === undefined ? { message: `No such container: ${name}` } : content))
  })
  await new Promise<void>((resolve) => server.listen(join(folder, 'docker.sock'), resolve))
  onTestFinished(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })
  return { DOCKER_HOST: `unix://${folder}/docker.sock` }
}

describe('containerCpu', () => {
  test('reads the CPU time of each container', async () => {
    const env = await engineWith({ 'shop-1': { cpuSec: 1.5 }, 'shop-2': { cpuSec: 2 } })
    const { cores, read } = await containerCpu(['shop-1', 'shop-2'], env)
    expect(cores).toBe(8)
    expect(await read()).toEqual({ totalSec: 3.5, instancesSec: [1.5, 2] })
  })

  test.each([
    [[{ NanoCpus: 1_500_000_000 }], 1.5],
    [[{ CpuQuota: 50_000, CpuPeriod: 100_000 }], 0.5],
    [[{ CpusetCpus: '0-2,5' }], 4],
    [[{ NanoCpus: 1e9 }, { NanoCpus: 2e9 }], 3],
    [[{ NanoCpus: 1e9 }, {}], 8],
  ])('finds that %j may use %d cores', async (limits, expected) => {
    const containers = Object.fromEntries(limits.map((HostConfig, at) => [`c${at}`, { cpuSec: 0, HostConfig }]))
    const { cores } = await containerCpu(Object.keys(containers), await engineWith(containers))
    expect(cores).toBe(expected)
  })

  test('rejects a missing container, a missing engine and an invalid address', async () => {
    await expect(containerCpu(['shop'], await engineWith({}))).rejects.toThrow(
      'the CPU of container shop cannot be read: the engine responded with 404 No such container: shop\nFix: correct PERF_TARGET_CONTAINER',
    )
    await expect(containerCpu(['shop'], { DOCKER_HOST: 'unix:///nowhere/docker.sock' })).rejects.toThrow(
      'the CPU of container shop cannot be read: no engine responds (ENOENT)',
    )
    await expect(containerCpu(['shop'], { DOCKER_HOST: 'ssh://build' })).rejects.toThrow('DOCKER_HOST is neither unix:')
  })

  test.each([
    ['0', 1],
    ['0-3', 4],
    ['1,3', 2],
    ['0-1,4-5,7', 5],
  ])('counts the cores of the set %s: %d', (set, expected) => {
    expect(countCpus(set)).toBe(expected)
  })
})

test.skipIf(skipped !== undefined)('the CPU time of a real container is positive and grows', async () => {
  await using context = await testContext({ env: process.env })
  await using _ = await redis({ provider: 'container' }).start(context)
  const engine = await findEngine()
  const label = `${RUN_LABEL}=${context.reaper.labels[RUN_LABEL]}`
  const [found] = await engine!.container.dockerode.listContainers({ filters: JSON.stringify({ label: [label] }) })
  const { cores, read } = await containerCpu([found!.Id])
  expect(cores).toBeGreaterThan(0)
  const before = await read()
  expect(before.totalSec).toBeGreaterThan(0)
  expect((await read()).totalSec).toBeGreaterThanOrEqual(before.totalSec)
})

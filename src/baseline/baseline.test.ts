import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { baselineOf } from '../evidence/baseline-evidence.ts'
import '../matchers/register.ts'
import { onFirstOf } from '../testing/on-first-generator.ts'
import { SATURATED, sampleFanOutRun, sampleHttpRun, sampleMicroRun } from '../testing/sample-runs.ts'
import { createBaselines, type BaselineContext } from './baseline.ts'
import { differencesBetween, fingerprintOf } from './fingerprint.ts'
import { countNamesakes } from './namesakes.ts'
import type { StorableRun } from './stored-run.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slo-baseline-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

const baselines = (more: Partial<BaselineContext> = {}) =>
  createBaselines({ scenario: 'S4 voting', file: join(folder, 'votes.perf.ts'), scale: 'pr', update: 'new', ...more })
const runOf = (options: Parameters<typeof sampleHttpRun>[0] = {}, load = 'constantArrivalRate 200/s'): StorableRun => ({
  ...sampleHttpRun(options),
  load,
})

describe('a baseline', () => {
  test('is stored next to the scenario if there is none, as a small file with a line per key', async () => {
    const baseline = await baselines().of(runOf())
    expect(relative(folder, baseline.path)).toBe('__baselines__/votes.perf.ts/s4-voting-http-1.json')
    expect(baseline.isNew).toBe(true)
    const text = await readFile(baseline.path, 'utf8')
    expect(text.split('\n').map((line) => /^ {2}"(\w+)"/.exec(line)?.[1] ?? line)).toEqual([
      '{',
      'format',
      'scenario',
      'run',
      'kind',
      'quantity',
      'storedAt',
      'environment',
      'count',
      'meanMs',
      'percentiles',
      'histogram',
      '}',
      '',
    ])
    expect(text.length).toBeLessThan(10_000)
    expect(JSON.parse(text)).toMatchObject({
      scenario: 'S4 voting',
      run: 'http 1',
      count: 2000,
      environment: { scale: 'pr', load: 'constantArrivalRate 200/s', node: process.version },
      percentiles: [{ p: 0.5, ms: 59.007 }, { p: 0.9 }, { p: 0.95 }, { p: 0.99 }],
    })
  })

  test('is kept unless it is stored again', async () => {
    await baselines().save(runOf())
    const slower = runOf({ latencyMs: (n) => 50 + (n % 100) })
    const kept = await baselines({ update: 'none' }).of(slower)
    expect(kept).toMatchObject({ isNew: false })
    expect(() => expect(slower).toBeNoSlowerThan(kept)).toThrow(/Received: p50 \+67/)
    expect(runOf()).toBeNoSlowerThan(kept)
    const storedAgain = await baselines({ update: 'all' }).of(slower)
    expect(storedAgain.isNew).toBe(true)
    expect(slower).toBeNoSlowerThan(await baselines().of(slower))
  })

  test('of several generators is stored and read by the first one', async () => {
    const generators = () =>
      onFirstOf(2).map((onOneGenerator, index) => {
        return baselines({ onOneGenerator, file: join(folder, `${index}`, 'votes.perf.ts') })
      })
    const slower = runOf({ latencyMs: (n) => 50 + (n % 100) })
    for (const isNew of [true, false]) {
      const [first, second] = generators()
      const [own, received] = await Promise.all([first!.of(runOf()), second!.of(runOf())])
      expect([own.isNew, received.isNew]).toEqual([isNew, isNew])
      expect(received[baselineOf]()).toEqual(own[baselineOf]())
    }
    const received = await Promise.all(generators().map((each) => each.of(slower)))
    expect(() => expect(slower).toBeNoSlowerThan(received[1]!)).toThrow(/Received: p50 \+67/)
    expect(await readdir(folder)).toEqual(['0'])
  })

  test('accepts an unchanged service whose level drifts slightly', async () => {
    const drifting = (seed: number) =>
      runOf({
        perSecond: 100,
        latencyMs: (n) => {
          const slow = (n * 7 + seed) % 33 === 0 ? 6 + ((n * 13) % 30) : 0
          return 13.5 + ((n * 31 + seed) % 100) / 1000 + (n < 500 ? -0.3 : 0) + slow
        },
      })
    await baselines().save(drifting(0))
    const kept = await baselines({ update: 'none' }).of(drifting(5))
    expect(drifting(5)).toBeNoSlowerThan(kept)
    expect(drifting(5)).toBeNoSlowerThan(kept, { percentile: 0.9 })
  })

  test('leaves out percentiles without enough samples, and stores infinite ones as such', async () => {
    const run = runOf({ seconds: 2, perSecond: 60, droppedPerSecond: 20 })
    const path = await baselines().save(run)
    const { percentiles, meanMs, histogram } = JSON.parse(await readFile(path, 'utf8'))
    expect(percentiles).toMatchObject([{ p: 0.5 }, { p: 0.9, ms: 'Infinity', highMs: 'Infinity' }])
    expect({ meanMs, histogram }).toMatchObject({ meanMs: 'Infinity', histogram: { infinite: 40 } })
    const evidence = (await baselines().of(run))[baselineOf]()
    expect(evidence).toMatchObject({ meanMs: Infinity, percentiles: [{ p: 0.5 }, { p: 0.9, ms: Infinity }] })
  })

  test('is not stored from a run in which most requests failed', async () => {
    const saved = baselines().save(runOf({ seconds: 2, perSecond: 60, errorsPerSecond: 40 }))
    await expect(saved).rejects.toThrow(
      'http 1 cannot be a baseline, and was not stored: 66.7% of its requests got no good response\nFix: see why, and store',
    )
  })

  test('is stored for runs of other kinds', async () => {
    const micro = await baselines().save({ ...sampleMicroRun(), load: '2,000 calls' })
    const fanOut = await baselines().save({ ...sampleFanOutRun(), load: '2/s to 100 sockets' })
    expect([micro, fanOut].map((path) => path.split('/').at(-1))).toEqual([
      's4-voting-micro-1.json',
      's4-voting-fanout-1.json',
    ])
  })

  test('is not stored for a run that is invalid or too short', async () => {
    await expect(baselines().of(runOf({ invalidities: [SATURATED] }))).rejects.toThrowErrorMatchingInlineSnapshot(
      `
      [InvalidRunError: http 1 cannot be a baseline, and was not stored. generator-saturated: schedule delay p99 48 ms, limit 10 ms.
      Fix: lower the rate, or give the generator a core of its own]
    `,
    )
    await expect(baselines().save(runOf({ seconds: 1 }))).rejects.toThrowErrorMatchingInlineSnapshot(
      `
      [InvalidRunError: http 1 cannot be a baseline, and was not stored: p50 needs 20 samples in at least 2 one-second windows, received 200 in 1
      Fix: lengthen the run, or raise its rate]
    `,
    )
    await expect(readFile(join(folder, '__baselines__'))).rejects.toThrow('ENOENT')
  })

  test('is not stored in CI', async () => {
    await expect(baselines({ update: 'none' }).of(runOf())).rejects.toThrow(
      /^There is no baseline of http 1: .*s4-voting-http-1\.json is missing\.\nFix: store it on the machine that compares/,
    )
  })
})

/** A stored baseline as plain JSON. */
interface Stored {
  readonly percentiles: readonly object[]
  readonly histogram: object
  readonly [field: string]: unknown
}

function withPercentile(all: Stored, change: object): unknown {
  const [first, ...others] = all.percentiles
  return { ...all, percentiles: [{ ...first, ...change }, ...others] }
}

describe('the file of a baseline', () => {
  const fileOf = async (scenario: string, run = runOf()) => (await baselines({ scenario }).save(run)).split('/').at(-1)!

  test('has the words of its scenario in any script', async () => {
    expect(await fileOf('Голосование: вечер')).toBe('голосование-вечер-http-1.json')
    expect(await fileOf('投票')).toBe('投票-http-1.json')
    expect(await fileOf('caf\u0065\u0301')).toBe(await fileOf('caf\u00e9'))
  })

  test('ends in a hash if its name is too long, so that scenarios and runs with long names differ', async () => {
    const long = 'votes and sees the result '.repeat(10)
    const files = [
      await fileOf(`${long} now`),
      await fileOf(`${long} later`),
      await fileOf(`${long} now`, { ...runOf(), name: 'http 2' }),
      await fileOf('投'.repeat(200)),
    ]
    expect(new Set(files).size).toBe(4)
    for (const file of files) expect(file).toMatch(/^.{30,120}-[0-9a-f]{8}\.json$/)
    for (const file of files) expect(Buffer.byteLength(file)).toBeLessThan(140)
  })

  test('is not shared by scenarios of one name', async () => {
    await expect(baselines({ namesakes: 2 }).of(runOf())).rejects.toThrowErrorMatchingInlineSnapshot(`
      [BaselineError: 2 scenarios of votes.perf.ts are named "S4 voting", and their baselines would be one file.
      Fix: give each scenario a name of its own]
    `)
  })

  test('is not shared by runs of one name', async () => {
    const all = baselines()
    const [first, second] = [runOf(), runOf()]
    await all.of(first)
    await expect(all.of(second)).rejects.toThrowErrorMatchingInlineSnapshot(`
      [BaselineError: Two runs of the scenario "S4 voting" are named "http 1", and their baselines would be one file.
      Fix: give each run a name of its own, { name: 'search' }]
    `)
    expect((await all.of(first)).isNew).toBe(false)
    expect((await all.of({ ...second, name: 'search' })).isNew).toBe(true)
  })

  test('is an error if it cannot be written', async () => {
    await writeFile(join(folder, '__baselines__'), '')
    await expect(baselines().save(runOf())).rejects.toThrow(
      /^The baseline .*s4-voting-http-1\.json cannot be written: (ENOTDIR|EEXIST)\.\nFix: make its folder writable/,
    )
  })

  test('counts scenarios with the same name, in suites too', () => {
    const scenario = (fullTestName: string) => ({ fullTestName })
    const file = { tasks: [scenario('a > b'), { fullTestName: 'a', tasks: [scenario('a > b'), scenario('a > c')] }] }
    expect(['a > b', 'a > c', 'a'].map((name) => countNamesakes(file, name))).toEqual([2, 1, 0])
  })
})

describe('a file that cannot be used', () => {
  const stored = async (change: (stored: Stored) => unknown) => {
    const path = await baselines().save(runOf())
    await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as Stored)))
    const error = await baselines()
      .of(runOf())
      .catch((thrown: Error) => thrown)
    return `${(error as Error).name}: ${(error as Error).message}`.replaceAll(folder, '…')
  }

  test('is truncated, or not a baseline', async () => {
    const path = await baselines().save(runOf())
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 200))
    await expect(baselines().of(runOf())).rejects.toThrow(
      /s4-voting-http-1\.json ends in the middle: 200 characters were read, the last ones are ".*"\.\nFix: store it again with vitest -u, or delete the file$/,
    )
    expect(await stored(() => [])).toMatchInlineSnapshot(`
      "BaselineError: …/__baselines__/votes.perf.ts/s4-voting-http-1.json is not a baseline: it must be an object, received an array.
      Fix: store it again with vitest -u, or delete the file"
    `)
  })

  test.each<[string, (stored: Stored) => unknown, string]>([
    ['a field without a value', (all) => ({ ...all, format: undefined }), 'format must be 2, received nothing'],
    [
      'text as a time',
      (all) => ({ ...all, meanMs: 'NaN' }),
      `meanMs must be a number of milliseconds such as 12.5, or 'Infinity', received "NaN"`,
    ],
    [
      'a negative time',
      (all) => ({ ...all, meanMs: -1 }),
      `meanMs must be a number of milliseconds such as 12.5, or 'Infinity', received -1`,
    ],
    [
      'an unknown kind',
      (all) => ({ ...all, kind: '__proto__' }),
      `kind must be one of 'http', 'conversation', 'fanOut', 'micro', received "__proto__"`,
    ],
    [
      'markup as a date',
      (all) => ({ ...all, storedAt: '<b>\u001b[2J' }),
      String.raw`storedAt must be a date such as "2026-03-01", received "<b>\u001b[2J"`,
    ],
    ['no environment', (all) => ({ ...all, environment: null }), 'environment must be an object, received null'],
    [
      'an incomplete environment',
      (all) => ({ ...all, environment: {} }),
      'environment.cpuModel must be a string, received nothing',
    ],
    [
      'no percentiles',
      (all) => ({ ...all, percentiles: [] }),
      'percentiles must be an array of percentiles, received an array',
    ],
    [
      'a percentile of another type',
      (all) => ({ ...all, percentiles: [null] }),
      'percentiles[0] must be an object, received null',
    ],
    [
      'a percentile beyond 1',
      (all) => withPercentile(all, { p: 95 }),
      'percentiles[0].p must be a ratio such as 0.95, received 95',
    ],
    [
      'a percentile twice',
      (all) => ({ ...all, percentiles: [all.percentiles[0], all.percentiles[0]] }),
      'percentiles[1].p must be more than 0.5, the one before it, received 0.5',
    ],
    [
      'an interval that excludes its value',
      (all) => withPercentile(all, { lowMs: 99 }),
      'percentiles[0].lowMs must be at most ms, 59.007, received 99',
    ],
    [
      'a value that its histogram does not have',
      (all) => withPercentile(all, { ms: 80, highMs: 90 }),
      'percentiles[0].ms must be 59.007, as in histogram, received 80',
    ],
    [
      'an interval that no run of so many samples has',
      (all) => withPercentile(all, { lowMs: 59.007, highMs: 59.007 }),
      'percentiles[0].highMs must be at least 60.031, as 2000 samples cannot be more precise, received 59.007',
    ],
    ['an edited mean', (all) => ({ ...all, meanMs: 100 }), 'meanMs must be 59.5, as in histogram, received 100'],
    ['an edited count', (all) => ({ ...all, count: 3 }), 'count must be 2000, as in histogram, received 3'],
    [
      'half a histogram',
      (all) => ({ ...all, histogram: { buckets: [1] } }),
      'histogram is not a histogram: buckets missing',
    ],
    [
      'a histogram beyond its range',
      (all) => ({ ...all, histogram: { ...all.histogram, maxUs: 1e300 } }),
      'histogram is not a histogram: minUs 10000, maxUs 1e+300 or sumUs 119000000 contradicts the buckets',
    ],
    [
      'a histogram with a bucket twice',
      (all) => ({ ...all, histogram: { ...all.histogram, buckets: [5, 1, 5, 1] } }),
      'histogram is not a histogram: bucket 5 with count 1',
    ],
    [
      'a count beyond 32 bits',
      (all) => ({ ...all, histogram: { ...all.histogram, buckets: [5, 2 ** 32] } }),
      'histogram is not a histogram: bucket 5 with count 4294967296',
    ],
  ])('has %s', async (_, change, problem) => {
    expect(await stored(change)).toBe(
      `BaselineError: …/__baselines__/votes.perf.ts/s4-voting-http-1.json is not a baseline: ${problem}.\nFix: store it again with vitest -u, or delete the file`,
    )
  })

  test('is a folder', async () => {
    const path = await baselines().save(runOf())
    await rm(path)
    await mkdir(path)
    await expect(baselines().of(runOf())).rejects.toThrow(
      `The baseline ${path} is a folder, not a file.\nFix: pass the path of a file, or delete it`,
    )
  })

  test('has keys of the prototype, and is used without them', async () => {
    const path = await baselines().save(runOf())
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace('{', '{ "__proto__": { "meanMs": 1 }, "constructor": 5,'))
    expect(runOf()).toBeNoSlowerThan(await baselines({ update: 'none' }).of(runOf()))
    expect({}).not.toHaveProperty('meanMs')
  })

  test('is of another version, scenario or run', async () => {
    expect(await stored((all) => ({ ...all, format: 3 }))).toMatchInlineSnapshot(
      `
      "BaselineError: The baseline …/__baselines__/votes.perf.ts/s4-voting-http-1.json was written in format 3 by a later version of vitest-slo; this version reads format 2.
      Fix: update vitest-slo"
    `,
    )
    expect(await stored((all) => ({ ...all, format: 1 }))).toMatchInlineSnapshot(
      `
      "BaselineError: The baseline …/__baselines__/votes.perf.ts/s4-voting-http-1.json was written in format 1 by an earlier version of vitest-slo, which counted failed requests with the time up to their failure; this version reads format 2.
      Fix: store it again with vitest -u, or delete the file"
    `,
    )
    expect(await stored((all) => ({ ...all, scenario: 'S1 auth' }))).toMatchInlineSnapshot(
      `
      "BaselineError: The baseline …/__baselines__/votes.perf.ts/s4-voting-http-1.json is of the scenario "S1 auth", not of "S4 voting".
      Fix: store it again with vitest -u, or delete the file, or rename the scenario"
    `,
    )
    expect(await stored((all) => ({ ...all, run: 'http 2' }))).toMatchInlineSnapshot(
      `
      "BaselineError: The baseline …/__baselines__/votes.perf.ts/s4-voting-http-1.json is of the run "http 2", not of "http 1".
      Fix: store it again with vitest -u, or delete the file, or rename the scenario"
    `,
    )
  })
})

test('lists differences in load and scale', async () => {
  await baselines().save(runOf())
  const found = await baselines({ scale: 'full' }).of(runOf({}, 'constantArrivalRate 400/s'))
  expect(found[baselineOf]().differences).toEqual([
    'scale pr, now full',
    'load constantArrivalRate 200/s, now constantArrivalRate 400/s',
  ])
})

test('lists differences in CPU, cores, platform and the major version of Node', () => {
  const now = fingerprintOf('pr', 'load')
  expect(differencesBetween(now, now)).toEqual([])
  const before = { ...now, cpuModel: 'Old', cores: 64, node: 'v18.1.0', platform: 'aix ppc64' }
  expect(differencesBetween(before, now)).toEqual([
    `CPU Old, now ${now.cpuModel}`,
    `64 cores, now ${now.cores}`,
    `Node v18.1.0, now ${now.node}`,
    `aix ppc64, now ${now.platform}`,
  ])
  const patched = `${now.node.split('.')[0]}.99.99`
  expect(differencesBetween({ ...now, node: patched }, now)).toEqual([])
})

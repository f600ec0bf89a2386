import { resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { InlineProject, plainText } from '../testing/inline-project.ts'

const SRC = resolve(import.meta.dirname, '..')

/** Target that responds to one hundred requests, then exits during the load. */
const SERVER = `
  import { createServer } from 'node:http'
  let left = 100
  createServer(({ url }, response) => {
    if (url !== '/healthz' && left-- === 0) process.exit(3)
    response.end('{}')
  }).listen(process.env.PORT, '127.0.0.1')
`

const CONFIG = `
  import { definePerfConfig, target } from '${SRC}/config/index.ts'
  export default definePerfConfig({ target: target({ command: ['node', 'server.mjs'] }), test: { reporters: 'default' } })
`

const SCENARIO = `
  import { expect } from 'vitest'
  import { constantArrivalRate, perfTest } from '${SRC}/index.ts'
  perfTest('polls', async ({ http }) => {
    const load = constantArrivalRate({ rate: 100, vus: 10, duration: '2m' })
    const run = await http.run({ load, request: { path: '/' } })
    expect.soft(run).toHaveP95Below('5s')
    expect.soft(run).not.toHaveP95Below(0.001)
    expect.soft(run).toHaveErrorRateBelow(0.99)
  })
`

test(
  'a target that dies mid-run fails its scenario within seconds, with errors by kind',
  { timeout: 60_000 },
  async () => {
    const project = await InlineProject.create({
      'server.mjs': SERVER,
      'vitest.config.ts': CONFIG,
      'perf/polls.perf.ts': SCENARIO,
    })
    onTestFinished(() => project[Symbol.asyncDispose]())
    const { exitCode, output } = await project.run()
    const text = plainText(output)
    expect({ exitCode, text }).toMatchObject({ exitCode: 1 })
    expect(text).not.toContain('InvalidRunError')
    expect(
      text.match(/Received: the run was aborted: error rate \S+ over the last 5s, limit 90% \(\d+ × connect/g),
    ).toHaveLength(3)
    expect(text).toMatch(/Evidence: .*\n.*\n\s*good responses .* errors after .*\n\s*errors \S+ \(\d+ × ECONNREFUSED/)
    expect(text).toMatch(/target exited unexpectedly: exit code 3/)
  },
)

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { sampleResults } from '../report/sample-results.ts'
import { report } from './report.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slo-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

async function run(...args: string[]) {
  const streams = { stdout: collector(), stderr: collector() }
  const exitCode = await report(args, streams)
  return { exitCode, stdout: streams.stdout.text(), stderr: streams.stderr.text() }
}

function collector() {
  const chunks: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  return Object.assign(stream, { text: () => chunks.join('') })
}

async function resultsFile(content: object = sampleResults()): Promise<string> {
  const file = join(folder, 'results.json')
  await writeFile(file, JSON.stringify(content))
  return file
}

describe('vitest-slo report', () => {
  test('renders again beside the results, which stay as they are', async () => {
    const file = await resultsFile()
    const before = await readFile(file, 'utf8')
    const { exitCode, stdout, stderr } = await run(file)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain('FAIL     S4 votes at a spike')
    expect(stdout).toContain(`Report  ${join(folder, 'index.html')}`)
    expect(await readdir(folder)).toEqual(['comment.md', 'index.html', 'results.json', 'summary.md'])
    expect(await readFile(file, 'utf8')).toBe(before)
  })

  test('renders elsewhere, compared with another file', async () => {
    const file = await resultsFile()
    const { exitCode, stdout } = await run(file, '--output-dir', join(folder, 'out'), '--compare-with', file)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('run before: p95 50.7 ms, now ±0%')
    expect(await readdir(join(folder, 'out'))).toEqual(['comment.md', 'index.html', 'summary.md'])
  })

  test.each([
    [
      'of another version',
      { ...sampleResults(), schemaVersion: 99, vitestSlo: '7.0.0' },
      /was written by vitest-slo 7\.0\.0 in form 99; this version reads form 1/,
    ],
    ['that is something else', { name: 'a package' }, /is no results file/],
  ])('refuses a file %s', async (_name, content, message) => {
    const { exitCode, stderr } = await run(await resultsFile(content))
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  test('refuses a file that is cut off, or not there', async () => {
    const file = join(folder, 'results.json')
    await writeFile(file, JSON.stringify(sampleResults()).slice(0, -20))
    expect(await run(file)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is no results file') })
    expect(await run(join(folder, 'none.json'))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('ENOENT'),
    })
  })

  test('says that it could not write', async () => {
    const file = await resultsFile()
    const { exitCode, stdout, stderr } = await run(file, '--output-dir', join(file, 'below-a-file'))
    expect(exitCode).toBe(1)
    expect(stdout).toContain('FAIL     S4 votes at a spike')
    expect(stderr).toMatch(/could not be written: E/)
  })

  test('explains itself', async () => {
    expect(await run('--help')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Usage: vitest-slo report'),
    })
    expect(await run('--nope')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("Unknown option '--nope'"),
    })
    expect(await run('a', 'b')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('takes one results file'),
    })
  })
})

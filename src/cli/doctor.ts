import { paintFor, type Paint } from '../report/terminal/style.ts'
import type { Finding, Health } from './finding.ts'
import { machineFindings } from './machine-findings.ts'
import { projectFindings } from './project-findings.ts'
import { readArguments } from './read-arguments.ts'
import type { Streams } from './streams.ts'

const HELP = `Usage: vitest-slo doctor [options]

Checks this machine and this folder: Node, Vitest, container engine, PostgreSQL, Redis, descriptors, ports, cores, load
average and clock. Shows what each one limits, and how to fix it. Changes nothing.

  --json        Print JSON
  -h, --help    Show this help

Exit code: 0 if scenarios can run, even with limits; 1 if they cannot; 2 if an argument is invalid.
`

const LABELS = { ok: 'ok', limits: 'limits', missing: 'MISSING' } as const
const COLOURS = { ok: 'green', limits: 'yellow', missing: 'red' } as const
const INDENT = ' '.repeat(10)

/**
 * `vitest-slo doctor`.
 *
 * @param args arguments after `doctor`
 * @param folder folder of the project
 * @returns the exit code
 */
export async function doctor(
  args: readonly string[],
  { stdout, stderr }: Streams = process,
  folder: string = process.cwd(),
): Promise<number> {
  let options: { readonly json: boolean; readonly help: boolean }
  try {
    options = parse(args)
  } catch (error) {
    stderr.write(`vitest-slo doctor: ${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
    return 2
  }
  if (options.help) {
    stdout.write(HELP)
    return 0
  }
  const findings = [...(await projectFindings(folder, process.env)), ...(await machineFindings())]
  if (options.json) stdout.write(`${JSON.stringify({ findings }, undefined, 2)}\n`)
  else stdout.write(describe(findings, paintFor(stdout)))
  return findings.some(({ health }) => health === 'missing') ? 1 : 0
}

function parse(args: readonly string[]) {
  return readArguments({
    args: [...args],
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  }).values
}

function describe(findings: readonly Finding[], paint: Paint): string {
  const count = (health: Health) => findings.filter((finding) => finding.health === health).length
  const missing = count('missing')
  const verdict = missing > 0 ? `Scenarios cannot run: ${missing} missing` : 'Scenarios can run'
  return [...findings.map((finding) => lines(finding, paint)), `\n${verdict}, ${count('limits')} limits.\n`].join('')
}

function lines({ name, health, found, limits, fix }: Finding, paint: Paint): string {
  return [
    `${paint(COLOURS[health], LABELS[health].padEnd(INDENT.length))}${name}: ${found}`,
    ...(limits === undefined ? [] : [`${INDENT}  ${limits}`]),
    ...(fix === undefined ? [] : [`${INDENT}  Fix: ${fix}`]),
    '',
  ].join('\n')
}

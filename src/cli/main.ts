#!/usr/bin/env node
import { createRequire } from 'node:module'
import { nodeMessage } from '../machine/node-version.ts'
import { nearestOf } from '../options/known-keys.ts'
import type { Terminal } from './streams.ts'

interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** Loads the command, which receives the arguments after its name and returns the exit code. */
  readonly load: () => Promise<(args: readonly string[], terminal: Terminal) => Promise<number>>
}

const COMMANDS: Readonly<Record<string, Command>> = {
  init: {
    summary: 'Writes a config, a first scenario and a workflow for pull requests',
    load: async () => (await import('./init.ts')).init,
  },
  doctor: {
    summary: 'Checks the limits of this machine and project, and suggests fixes',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  compare: {
    summary: 'Applies the same load to another revision and to this working tree, and shows what got slower',
    load: async () => (await import('./compare.ts')).compare,
  },
  report: {
    summary: 'Renders the reports of an earlier run again',
    load: async () => (await import('./report.ts')).report,
  },
}

const WIDTH = Math.max(...Object.keys(COMMANDS).map((name) => name.length))

const HELP = `Usage: vitest-slo <command> [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(WIDTH)}  ${summary}\n`)
  .join('')}
Run vitest-slo <command> --help for details, and vitest-slo --version for the version.
Run scenarios with Vitest: vitest --config vitest.perf.config.ts
`

/** Runs a command. @returns its exit code, or 2 if there is no such command */
async function main([name, ...args]: readonly string[], terminal: Terminal): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.stdout.write(HELP)
    return 0
  }
  if (name === '--version' || name === '-v') {
    terminal.stdout.write(`vitest-slo ${version()}\n`)
    return 0
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    terminal.stderr.write(
      `vitest-slo: ${name === undefined ? 'the command is missing' : unknownCommand(name)}\n\n${HELP}`,
    )
    return 2
  }
  const problem = name === 'doctor' ? undefined : nodeMessage(process.versions.node)
  if (problem !== undefined) {
    terminal.stderr.write(`${problem}\n`)
    return 1
  }
  const run = await command.load()
  return run(args, terminal)
}

function unknownCommand(name: string): string {
  const meant = nearestOf(name, Object.keys(COMMANDS))
  return `unknown command ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

/** `package.json` is two folders up, in the sources and in the published package. */
function version(): string {
  return (createRequire(import.meta.url)('../../package.json') as { readonly version: string }).version
}

// A reader that closes the pipe, as `head` does, is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})
process.exitCode = await main(process.argv.slice(2), process)

import { redactData, redactText } from './redact.ts'
import { registeredSecrets } from './registered-values.ts'
import { inspected } from './shortened.ts'

/** One option that cannot be used: where it stands, what was given, the rule it breaks and a legal example. */
export interface Problem {
  /** The option's path as the reader would write it, e.g. `load.stages[1].target`. */
  readonly path: string
  readonly received: unknown
  /** Completes the sentence "…": `must be a number above 0`. */
  readonly rule: string
  /** Legal code for this option, e.g. `rate: 50`. */
  readonly example: string
}

/** Thrown before any load is sent, with every mistake of one call in one message. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError'
  /** As in the message, for a program to read. Secrets among the values received are masked. */
  readonly problems: readonly Problem[]

  /** @param subject what was called, e.g. `constantArrivalRate()` */
  constructor(subject: string, problems: readonly Problem[]) {
    super(describe(subject, problems))
    this.problems = problems.map(withoutSecrets)
  }
}

/** Collects mistakes while options are read, so that all of them are reported together. */
export class Problems {
  readonly #found: Problem[] = []

  /** What was found so far. A text that was received is shown without secrets. */
  get found(): readonly Problem[] {
    return this.#found.map((problem) => {
      const { received } = problem
      return typeof received === 'string'
        ? { ...problem, received: redactText(received, registeredSecrets()) }
        : problem
    })
  }

  /** How many there are. */
  get count(): number {
    return this.#found.length
  }

  add(path: string, received: unknown, rule: string, example: string): void {
    this.#found.push({ path, received, rule, example })
  }

  /** Takes over the mistakes of a nested value, with `prefix` put before their paths. */
  adopt(prefix: string, problems: readonly Problem[]): void {
    for (const problem of problems) this.#found.push({ ...problem, path: joined(prefix, problem.path) })
  }

  /** @throws {OptionsError} when anything was added */
  throwIfAny(subject: string): void {
    if (this.#found.length > 0) throw new OptionsError(subject, this.#found)
  }
}

/** The path of an option within a value: `load`, `stages` → `load.stages`. */
export function joined(prefix: string, path: string): string {
  if (prefix === '' || path === '') return prefix + path
  return path.startsWith('[') ? prefix + path : `${prefix}.${path}`
}

/** Legal code for an option or an environment variable: `rate: 50`, `PERF_SEED=7`. */
export function exampleOf(path: string, value: string): string {
  const name = nameOf(path)
  return name.startsWith('PERF_') ? `${name}=${value.replaceAll("'", '')}` : `${name}: ${value}`
}

function describe(subject: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? 'an invalid option' : `${problems.length} invalid options`
  const lines = problems.map(({ path, received, rule, example }) => {
    return `  ${path}: ${rule}\n    received: ${show(path, received)}\n    example:  ${example}`
  })
  return `${subject} received ${count}:\n\n${lines.join('\n')}`
}

/** The value as the reader may see it. The option's name stands before it while secrets are looked for: it may tell. */
function show(path: string, value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return `a function${value.name ? ` named ${value.name}` : ''}`
  const text = inspected(value, 80, nameOf(path))
  return text.length > 120 ? `${text.slice(0, 117)}…` : text
}

function withoutSecrets(problem: Problem): Problem {
  const name = nameOf(problem.path)
  return { ...problem, received: redactData({ [name]: problem.received }, registeredSecrets())[name] }
}

function nameOf(path: string): string {
  return path.split('.').at(-1)!
}

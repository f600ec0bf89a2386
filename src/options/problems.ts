import { redactAt, redactText } from './redact.ts'
import { registeredSecrets } from './registered-values.ts'
import { inspected } from './shortened.ts'

/** One invalid option: its path, the received value, the rule that it breaks, and the fix. */
export interface Problem {
  /** Path of the option as a user writes it, e.g. `load.stages[1].target`. */
  readonly path: string
  /** The received value, without secrets. */
  readonly received: unknown
  /** Completes a sentence that begins with the option: `must be a number above 0`. */
  readonly rule: string
  /** The change that corrects it: `write, for example, rate: 50`. */
  readonly fix: string
}

/** Invalid options of one call. Thrown before any load is sent, with every mistake in one message. */
export class OptionsError extends Error {
  /** Name of the class. */
  override readonly name = 'OptionsError'
  /** The mistakes in the message, as data. Secrets in received values are masked. */
  readonly problems: readonly Problem[]

  /** @param subject the call, e.g. `constantArrivalRate()` */
  constructor(subject: string, problems: readonly Problem[]) {
    super(describe(subject, problems))
    this.problems = problems.map(withoutSecrets)
  }
}

/** Mistakes found while options are read, collected to report all of them together. */
export class Problems {
  readonly #found: Problem[] = []

  /** Mistakes found so far. Secrets in received strings are masked. */
  get found(): readonly Problem[] {
    return this.#found.map((problem) => {
      const { received } = problem
      return typeof received === 'string'
        ? { ...problem, received: redactText(received, registeredSecrets()) }
        : problem
    })
  }

  /** Number of mistakes. */
  get count(): number {
    return this.#found.length
  }

  /** @param example valid code: `rate: 50` */
  add(path: string, received: unknown, rule: string, example: string): void {
    this.addWithFix(path, received, rule, fixBy(example))
  }

  /** @param fix a change that an example does not show: `remove rates` */
  addWithFix(path: string, received: unknown, rule: string, fix: string): void {
    this.#found.push({ path, received, rule, fix })
  }

  /** Adds the mistakes of a nested value, with `prefix` before their paths. */
  merge(prefix: string, problems: readonly Problem[]): void {
    for (const problem of problems) this.#found.push({ ...problem, path: joined(prefix, problem.path) })
  }

  /** @throws {OptionsError} if there is a mistake */
  throwIfAny(subject: string): void {
    if (this.#found.length > 0) throw new OptionsError(subject, this.#found)
  }
}

/** The path of an option within a value: `load`, `stages` → `load.stages`. */
export function joined(prefix: string, path: string): string {
  if (prefix === '' || path === '') return prefix + path
  return path.startsWith('[') ? prefix + path : `${prefix}.${path}`
}

/** A fix that consists of valid code. */
export function fixBy(example: string): string {
  return `write, for example, ${example}`
}

/** Valid code for an option or an environment variable: `rate: 50`, `PERF_SEED=7`. */
export function exampleOf(path: string, value: string): string {
  const name = nameOf(path)
  return name.startsWith('PERF_') ? `${name}=${value.replaceAll("'", '')}` : `${name}: ${value}`
}

function describe(subject: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? 'an invalid option' : `${problems.length} invalid options`
  const lines = problems.map(({ path, received, rule, fix }) => {
    return `  ${path}: ${rule}\n    Received: ${show(path, received)}\n    Fix:      ${fix}`
  })
  return `${subject} received ${count}:\n\n${lines.join('\n')}`
}

/** The value without secrets. The option's name may indicate that it is one. */
function show(path: string, value: unknown): string {
  if (typeof value === 'function') return `a function${value.name ? ` named ${value.name}` : ''}`
  const text = inspected(value, 80, path)
  return text.length > 120 ? `${text.slice(0, 117)}…` : text
}

function withoutSecrets(problem: Problem): Problem {
  return { ...problem, received: redactAt(problem.path, problem.received, registeredSecrets()) }
}

function nameOf(path: string): string {
  return path.split('.').at(-1)!
}

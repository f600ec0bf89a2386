import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const FOLDER = join(import.meta.dirname, '../.github/workflows')

export interface WorkflowStep {
  readonly name?: string
  readonly uses?: string
  readonly run?: string
  readonly if?: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, unknown>>
}

export interface WorkflowJob {
  readonly 'timeout-minutes'?: number
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: readonly WorkflowStep[]
}

/** Parts of a GitHub Actions workflow that its tests read. */
export interface Workflow {
  readonly file: string
  readonly text: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly concurrency?: unknown
  readonly jobs: Readonly<Record<string, WorkflowJob>>
}

export function readWorkflows(): readonly Workflow[] {
  return readdirSync(FOLDER).map((file) => {
    const text = readFileSync(join(FOLDER, file), 'utf8')
    return { ...(parse(text) as Omit<Workflow, 'file' | 'text'>), file, text }
  })
}

/** A step that runs a script, with the names of its workflow and job. */
export interface ScriptStep {
  readonly label: string
  readonly script: string
  readonly env: Readonly<Record<string, string>>
}

/** Every script of every workflow, with expressions replaced by the values of `valueOf`. */
export function scriptSteps(valueOf: (expression: string) => string): readonly ScriptStep[] {
  return readWorkflows().flatMap(({ file, jobs }) =>
    Object.entries(jobs).flatMap(([job, { steps }]) =>
      steps.flatMap(({ name, run, env = {} }) => {
        if (run === undefined) return []
        const filled = (value: unknown) =>
          String(value).replace(/\$\{\{\s*(.+?)\s*\}\}/g, (_, text: string) => valueOf(text))
        return {
          label: `${file} › ${job} › ${name ?? run.split('\n')[0]}`,
          script: filled(run),
          env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, filled(value)])),
        }
      }),
    ),
  )
}
